# SPDX-License-Identifier: GPL-3.0-or-later
"""What was promised to sensors against what arrived upstream."""
from .peer import check, wait_until

PATH = "/3303/0/5700"


class Ledger:
    """Compares counting sensors (mqtt.Publisher, coap.Counter) with the
    messages of a server. `messages(endpoint)` gives lists of records in order
    of arrival; `sensors` is {endpoint: counting sensor}."""

    def __init__(self, sensors, messages):
        self.sensors, self.messages = sensors, messages

    def numbers(self, endpoint):
        return [int(r["value"]) for m in self.messages(endpoint) for r in m
                if r["path"] == PATH]

    def wait_all_arrived(self, seconds=60.0):
        """Every acknowledged number is upstream."""
        for endpoint, sensor in self.sensors.items():
            check(sensor.acknowledged, f"nothing of {endpoint} was accepted")

            def missing():
                return sensor.acknowledged - set(self.numbers(endpoint))
            try:
                wait_until("arrival", lambda: not missing(), seconds, 0.2)
            except Exception:
                left = sorted(missing())
                check(not left, f"{len(left)} acknowledged readings of "
                                f"{endpoint} did not arrive, as {left[:8]}")

    def check_none_invented(self):
        """Nothing arrived that no sensor sent."""
        for endpoint, sensor in self.sensors.items():
            invented = set(self.numbers(endpoint)) - set(sensor.attempts)
            check(not invented,
                  f"{endpoint} tells {sorted(invented)[:8]}, never sent")

    def repeats(self, endpoint):
        """(numbers told again under another time: taken in twice,
           messages that tell a record again: delivered twice)."""
        first, again, messages = {}, set(), 0
        for message in self.messages(endpoint):
            known = False
            for r in message:
                if r["path"] != PATH:
                    continue
                number, time = int(r["value"]), r.get("time")
                if number in first and first[number] == time:
                    known = True
                elif number in first:
                    again.add(number)
                first.setdefault(number, time)
            messages += known
        return again, messages

    def check_repeats(self, kills):
        """Each kill may repeat what was in flight, one message per sensor on
        each side of the spool; nothing else is told twice, and nothing is
        taken in twice that was sent once. Returns totals."""
        taken = delivered = 0
        for endpoint, sensor in self.sensors.items():
            again, messages = self.repeats(endpoint)
            once = {n for n in again if sensor.attempts[n] == 1}
            check(not once, f"{endpoint}: {sorted(once)[:8]} were sent once "
                            f"and taken in twice")
            check(len(again) <= kills,
                  f"{endpoint}: {len(again)} readings were taken in twice "
                  f"in {kills} kills: {sorted(again)[:8]}")
            check(messages <= kills,
                  f"{endpoint}: {messages} messages were delivered twice in "
                  f"{kills} kills")
            taken, delivered = taken + len(again), delivered + messages
        return taken, delivered

    def accepted(self):
        return sum(len(s.acknowledged) for s in self.sensors.values())
