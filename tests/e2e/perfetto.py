#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""perfetto.py TRACE - what a Perfetto trace says, as JSON: decoded from the wire format by the public field numbers
(google/perfetto, protos/perfetto/trace/), without any of our own descriptions. `wrong` lists what would trouble a reader:
unknown tracks or names, parents that are missing, slices that end before they begin, do not nest or never end."""
import collections
import json
import struct
import sys


def fields(data):
    """(number, value) of a message: an int, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            yield number, varint()
        elif kind == 1:
            yield number, data[at:at + 8]
            at += 8
        elif kind == 2:
            size = varint()
            if at + size > len(data):
                raise ValueError("a field is cut off")
            yield number, data[at:at + size]
            at += size
        elif kind == 5:
            yield number, data[at:at + 4]
            at += 4
        else:
            raise ValueError(f"wire type {kind}")


def message(data):
    """All fields by number, each a list."""
    found = collections.defaultdict(list)
    for number, value in fields(data):
        found[number].append(value)
    return found


def fixed64(values):
    return [number for value in values for (number,) in struct.iter_unpack("<Q", value)]


class Trace:
    def __init__(self):
        self.wrong, self.tracks, self.clocks = [], {}, {}
        self.names = {1: {}, 2: {}, 3: {}}  # categories, events, annotations
        self.events = collections.defaultdict(list)  # by track: (ts, order, type, event)
        self.packets = self.order = 0
        self.cleared = False

    def complain(self, words):
        if len(self.wrong) < 20:
            self.wrong.append(words)

    # --- packets ---

    def packet(self, data):
        packet = message(data)
        self.packets += 1
        if packet[10] != [1]:
            self.complain("a packet without its sequence")
        flags = packet[13][0] if packet[13] else 0
        self.cleared |= bool(flags & 1)
        if flags & 2 and not self.cleared:
            self.complain("a packet needs a state that was never cleared")
        for snapshot in packet[6]:
            for clock in message(snapshot)[1]:
                clock = message(clock)
                self.clocks[clock[1][0]] = clock[2][0]
        for data in packet[12]:
            self.interned(message(data))
        for data in packet[60]:
            self.track(message(data))
        for data in packet[11]:
            self.event(packet[8][0], message(data))

    def interned(self, data):
        for which in self.names:
            for entry in data[which]:
                entry = message(entry)
                if entry[1][0] in self.names[which]:
                    self.complain(f"number {entry[1][0]} is given twice")
                self.names[which][entry[1][0]] = entry[2][0].decode()

    def track(self, data):
        track = {"parent": data[5][0] if data[5] else 0, "counter": bool(data[8])}
        for number in (2, ):
            track["name"] = data[number][0].decode() if data[number] else None
        for process in map(message, data[3]):
            track.update(pid=process[1][0], name=process[6][0].decode(), kind="process")
        for thread in map(message, data[4]):
            track.update(pid=thread[1][0], tid=thread[2][0], name=thread[5][0].decode(), kind="thread")
        if track["parent"] and track["parent"] not in self.tracks:
            self.complain(f"track {data[1][0]} before its parent {track['parent']}")
        self.tracks[data[1][0]] = track

    def name(self, which, number):
        if number not in self.names[which]:
            self.complain(f"name {number} was never given")
        return self.names[which].get(number)

    def event(self, ts, data):
        track = data[11][0]
        if track not in self.tracks:
            self.complain(f"an event on track {track}, which is not there")
            return
        notes = {}
        for note in map(message, data[4]):
            notes[self.name(3, note[1][0])] = note[6][0].decode() if note[6] else note[3][0]
        self.order += 1
        self.events[track].append((ts, self.order, data[9][0], {
            "name": self.name(2, data[10][0]) if data[10] else None,
            "category": [self.name(1, number) for number in data[3]],
            "notes": notes,
            "flows": fixed64(data[47]), "ends": fixed64(data[48]),
            "value": struct.unpack("<d", data[44][0])[0] if data[44] else None,
        }))

    # --- what they make ---

    def walk(self):
        """Each event with its duration (None: an instant), and the track's own checks."""
        for track, events in self.events.items():
            stack = []
            for ts, _, kind, event in sorted(events, key=lambda e: e[:2]):
                if self.tracks[track]["counter"] != (kind == 4):
                    self.complain(f"track {track}: event of type {kind}")
                if kind == 1:
                    stack.append((ts, event))
                elif kind == 2 and not stack:
                    self.complain(f"track {track}: an end without its begin at {ts}")
                elif kind == 2:
                    begun, begin = stack.pop()
                    yield track, begun, ts - begun, begin
                else:
                    yield track, ts, None, event
            if stack:
                self.complain(f"track {track}: {len(stack)} slices never end")

    def summary(self):
        counts, flows, ends = (collections.Counter() for _ in range(3))
        sums = collections.Counter()
        counters = collections.defaultdict(list)
        instants = []
        for track, ts, duration, event in self.walk():
            for category in event["category"]:
                counts[category] += 1
                sums[category] += event["notes"].get("direct_ns", 0)
            if event["value"] is not None:
                counters[self.tracks[track]["name"]].append((ts, event["value"]))
            elif duration is None:
                instants.append({"name": event["name"], "track": track, "ts": ts, **event["notes"]})
            else:
                counts["slice " + event["name"]] += 1
                sums["slice " + event["name"]] += duration
            for flow in event["flows"]:
                flows[flow] = ts
            for flow in event["ends"]:
                ends[flow] = ts
        for flow, ts in ends.items():
            if flow not in flows or flows[flow] > ts:
                self.complain(f"arrow {flow} ends before it begins, or never began")
        return {
            "wrong": self.wrong, "packets": self.packets, "clocks": self.clocks,
            "counts": counts, "sums": sums, "arrows": len(flows), "arrows_ended": len(ends),
            "instants": instants,
            "counters": {name: len(values) for name, values in counters.items()},
            "values": {name: [value for _, value in values] for name, values in counters.items()},
            "tracks": [{"uuid": uuid, **track} for uuid, track in self.tracks.items()],
        }


def main():
    trace = Trace()
    with open(sys.argv[1], "rb") as file:
        for number, packet in fields(file.read()):
            if number == 1:
                trace.packet(packet)
            else:
                trace.complain(f"field {number} in the trace")
    json.dump(trace.summary(), sys.stdout)


if __name__ == "__main__":
    main()
