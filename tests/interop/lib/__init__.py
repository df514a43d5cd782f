# SPDX-License-Identifier: GPL-3.0-or-later
"""What the interoperability cases are made of: peers, wires and the gateway."""
