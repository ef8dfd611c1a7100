#!/usr/bin/env python3
"""Trains on two hosts, which are network namespaces of this machine, and compares with one host.

    sudo python3 two_hosts.py

Requires Linux, root and a build of noisylr. Three runs of two ranks must end with the same files: on
one host; on two hosts that are connected by a veth pair; on two hosts whose link delays every packet
by 50 ms and loses 1 % of them. This link is a pair of TUN devices between which this script moves the
packets.
"""

import fcntl
import filecmp
import heapq
import os
import pathlib
import random
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time

JAR = pathlib.Path(__file__).resolve().parents[1] / "java/launcher/target/noisylr.jar"
HOSTS = ["noisylr-a", "noisylr-b"]
ADDRESSES = ["10.231.7.1", "10.231.7.2"]
OPTIONS = (
    "train --data fashion-mnist-mini --subset 512 --model cnn28 --optimizer momentum --lr 0.01"
    " --noise uniform --alpha 2 --seed 1 --threads 1 --device cpu --epochs 3 --processes 2"
)


def run(*command):
    subprocess.run(command, check=True)


class Hosts:
    """Two namespaces, each with an address on the same link."""

    def __enter__(self):
        for host in HOSTS:
            run("ip", "netns", "add", host)
            run("ip", "-n", host, "link", "set", "lo", "up")
        self.connect()
        for host, address, device in zip(HOSTS, ADDRESSES, self.devices):
            run("ip", "link", "set", device, "netns", host)
            run("ip", "-n", host, "address", "add", f"{address}/24", "dev", device)
            run("ip", "-n", host, "link", "set", device, "up")
        return self

    def __exit__(self, *_):
        for host in HOSTS:
            run("ip", "netns", "delete", host)


class Cable(Hosts):
    devices = ["noisylr-va", "noisylr-vb"]

    def connect(self):
        run("ip", "link", "add", self.devices[0], "type", "veth", "peer", "name", self.devices[1])


class BadLink(Hosts):
    devices = ["noisylr-ta", "noisylr-tb"]
    loss, delay = 0.01, 0.05
    TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

    def connect(self):
        self.moved = self.lost = 0
        self.ends = []
        for device in self.devices:
            end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            flags = self.IFF_TUN | self.IFF_NO_PI
            fcntl.ioctl(end, self.TUNSETIFF, struct.pack("16sH", device.encode(), flags))
            self.ends.append(end)
        self.open = True
        self.mover = threading.Thread(target=self.move)
        self.mover.start()

    def move(self):
        generator, waiting, number = random.Random(1), [], 0
        while self.open:
            due = waiting[0][0] - time.monotonic() if waiting else 0.1
            readable, _, _ = select.select(self.ends, [], [], max(0, min(due, 0.1)))
            for end in readable:
                packet = os.read(end, 65536)
                if generator.random() < self.loss:
                    self.lost += 1
                else:
                    other = self.ends[1 - self.ends.index(end)]
                    heapq.heappush(waiting, (time.monotonic() + self.delay, number, other, packet))
                    number += 1
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(waiting)
                try:
                    os.write(end, packet)
                    self.moved += 1
                except OSError:
                    self.lost += 1

    def __exit__(self, *_):
        self.open = False
        self.mover.join()
        for end in self.ends:
            os.close(end)
        super().__exit__()


def train(folder, prefixes, address):
    """Starts both ranks; returns the seconds until they end."""
    start = time.monotonic()
    ranks = [
        subprocess.Popen(
            [*prefix, "java", "-jar", str(JAR), *OPTIONS.split(), "--out", str(folder)],
            env={
                **os.environ,
                "RANK": str(rank),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": address,
                "MASTER_PORT": "29731",
            },
        )
        for rank, prefix in enumerate(prefixes)
    ]
    if [rank.wait() for rank in ranks] != [0, 0]:
        sys.exit("a rank failed")
    return time.monotonic() - start


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folders = [pathlib.Path(temporary, name) for name in ("one", "veth", "bad")]
        in_hosts = [["ip", "netns", "exec", host] for host in HOSTS]
        seconds = [train(folders[0], [[], []], "127.0.0.1")]
        with Cable():
            seconds.append(train(folders[1], in_hosts, ADDRESSES[0]))
        with BadLink() as link:
            seconds.append(train(folders[2], in_hosts, ADDRESSES[0]))
        names = sorted(file.name for file in folders[0].iterdir() if file.name not in ("timing.csv", "environment.yaml"))
        for folder, time_of_run in zip(folders, seconds):
            _, different, missing = filecmp.cmpfiles(folders[0], folder, names, shallow=False)
            if different or missing:
                sys.exit(f"{folder.name}: {different + missing} differ from one host's")
            print(f"{folder.name}: {time_of_run:.0f} s, {len(names)} files equal")
        print(f"bad link: {link.moved} packets moved, {link.lost} lost")


if __name__ == "__main__":
    main()
