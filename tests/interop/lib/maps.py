# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps that the cases' sensors use, as the configuration's groups."""


def temperature(topic="plant/{id}/temp", **more):
    """Plain text in, /3303/0/5700 out."""
    return {"topic": topic,
            "put": [{"to": "/3303/0/5700", "unit": "Cel", **more}]}


def humidity(topic="plant/{id}/humidity", **more):
    """{"value": tenths} in, /3304/0/5700 out."""
    return {"topic": topic, "format": "json",
            "put": [{"from": "value", "to": "/3304/0/5700", "div": 10, **more}]}


def relay(topic="plant/{id}/relay/set", **more):
    """A Write to /3306/0/5850 as ON or OFF."""
    return {"on": "/3306/0/5850", "topic": topic, "payload": "{value}",
            "values": [[True, "ON"], [False, "OFF"]], "answer": "confirm",
            "timeout": "5s", **more}


def reset(topic="plant/{id}/reset", **more):
    """Execute of /3303/0/5605 (reset of the extremes)."""
    return {"on": "/3303/0/5605", "topic": topic, "payload": "reset",
            "answer": "confirm", "timeout": "5s", **more}
