# Sends datagrams to a Unix socket: unixgram.py PATH ROUNDS RATE. The datagrams come as a JSON list on stdin, each byte a
# letter of Latin-1; all of them go ROUNDS times, RATE a second (0: as fast as they are taken). Prints how many went.
import json
import socket
import sys
import time

path, rounds, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
packets = [packet.encode("latin-1") for packet in json.load(sys.stdin)]
to = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
to.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)
began = time.monotonic()
sent = 0
for _ in range(rounds):
    for packet in packets:
        while rate and sent > (time.monotonic() - began) * rate:
            time.sleep(0.0005)
        to.send(packet)
        sent += 1
print(sent)
