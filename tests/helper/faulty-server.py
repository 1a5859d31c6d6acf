#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A web server with faults, for tests. What goes wrong is said by the path.

    faulty-server.py [CERTIFICATE KEY]

Prints its port, and a second one of another origin, on the first line, and
serves until its standard input ends. With a certificate it speaks TLS. DATA is
200000 bytes; /log gives what was asked so far, a line for each, with what
could be a secret, and begins it anew.
"""
import base64
import http.server
import ssl
import sys
import threading

DATA = bytes((i * 7 + i // 256) % 256 for i in range(200000))
LOGIN = "Basic " + base64.b64encode(b"ann:secret").decode()
lines, seen = [], {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def text(self, status, data=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def cut(self, data, promised):
        """Promise more than comes."""
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def first_time(self):
        seen[self.path] = seen.get(self.path, 0) + 1
        return seen[self.path] == 1

    def start(self):
        """Where does the answer begin, after a Range?"""
        word = self.headers.get("Range", "")
        return int(word[6:].split("-")[0]) if word else 0

    def piece(self, begin, data):
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (
                begin, len(DATA) - 1, len(DATA)))
        self.send_header("ETag", '"one"')
        self.cut(data, len(DATA) - begin)

    def do_GET(self):
        secrets = [n + "=" + self.headers[n] for n in (
            "Authorization", "X-Secret", "X-Extra") if n in self.headers]
        lines.append(" ".join([self.command, self.path] + secrets))
        what = self.path.split("/")[1].split("?")[0]
        getattr(self, "on_" + what, lambda: self.text(404, b"nothing"))()

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    do_PUT = do_POST

    def on_log(self):
        data = "\n".join(lines[:-1]).encode()
        lines.clear()
        self.text(200, data)

    def on_data(self):
        self.text(200, DATA)

    def on_echo(self):
        self.text(200, self.body)

    def on_drop(self):
        begin = self.start()
        self.piece(begin, DATA[begin:begin + 70000])

    def on_norange(self):
        self.send_response(200)
        self.cut(DATA[:150000] if self.first_time() else DATA, len(DATA))

    def on_wrongrange(self):
        if not self.start():
            return self.piece(0, DATA[:100000] if self.first_time() else DATA)
        self.send_response(206)
        self.send_header("Content-Range", "bytes 0-%d/%d" % (
            len(DATA) - 1, len(DATA)))
        self.cut(DATA, len(DATA))

    def on_short(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(DATA[:1000])
        self.close_connection = True

    def on_long(self):
        self.text(200, DATA + b"x")

    def on_chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(DATA), 50000):
            self.wfile.write(b"%x\r\n" % 50000 + DATA[at:at + 50000] + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def on_endless(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(b"x" * 65536)

    def on_headers(self):
        self.send_response(200)
        for i in range(4000):
            self.send_header("X-%d" % i, "y" * 100)
        self.cut(b"", 0)

    def on_busy(self):
        if self.first_time():
            self.text(429, Retry_After="1")
        else:
            self.text(200, b"free")

    def on_patience(self):
        self.text(503, Retry_After="3600")

    def on_fault(self):
        self.text(500, b"fault")

    def on_once(self):
        self.text(502 if self.first_time() else 200, b"good")

    def on_login(self):
        if self.headers.get("Authorization") == LOGIN:
            self.text(200, b"hello")
        else:
            self.text(401, WWW_Authenticate='Basic realm="x"')

    def on_to(self):
        """/to/STATUS/other/x, /to/STATUS/here/x, /to/STATUS/<anything>"""
        _, _, status, where, rest = self.path.split("/", 4)
        scheme = "https" if len(sys.argv) > 2 else "http"
        to = {"other": "%s://127.0.0.1:%d/%s" % (scheme, ports[1], rest),
              "here": "/" + rest, "file": "file:///etc/passwd",
              "plain": "http://127.0.0.1:%d/data" % ports[1],
              "round": self.path}[where]
        self.text(int(status), Location=to)


servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
           for _ in range(2)]
for server in servers:
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
ports = [server.server_port for server in servers]
print(*ports, flush=True)
sys.stdin.read()
