#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small Git LFS server over HTTP, for tests: batch, upload, download, verify.

    lfs-server.py FOLDER

Prints its port on the first line and serves until its standard input ends.
Objects are files FOLDER/<oid>; every request is a line of FOLDER/log. An
upload whose bytes are not what its name says is refused. It knows locks while
there is a file FOLDER/locks: a path in each line, locked by somebody else. It
wants to know who asks while there is a file FOLDER/login: what a header
Authorization has to be. FOLDER/most: more objects than that in one question
are refused (413).
"""
import hashlib
import http.server
import json
import os
import sys
import threading

TYPE = "application/vnd.git-lfs+json"
folder = sys.argv[1]
lock = threading.Lock()


def log(line):
    with lock, open(os.path.join(folder, "log"), "a") as f:
        f.write(line + "\n")


def path_of(oid):
    if len(oid) != 64 or set(oid) - set("0123456789abcdef"):
        raise ValueError("not an oid")
    return os.path.join(folder, oid)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, code, value=None, data=None):
        if data is None:
            data = json.dumps(value if value is not None else {}).encode()
        self.send_response(code)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def href(self, what, oid):
        host = "http://127.0.0.1:%d" % self.server.server_port
        return {"href": "%s/%s/%s" % (host, what, oid)}

    def item(self, operation, oid, size):
        out = {"oid": oid, "size": size}
        here = os.path.exists(path_of(oid))
        if operation == "download" and here:
            out["actions"] = {"download": self.href("object", oid)}
        elif operation == "download":
            out["error"] = {"code": 404, "message": "no such object"}
        elif not here:
            out["actions"] = {"upload": self.href("object", oid),
                              "verify": self.href("verify", oid)}
        return out

    def answer_locks(self):
        try:
            with open(os.path.join(folder, "locks")) as f:
                paths = f.read().split("\n")
        except OSError:
            self.answer(404, {"message": "nothing here"})
            return
        self.answer(200, {"ours": [], "theirs": [
            {"id": str(n), "path": path, "owner": {"name": "ann"},
             "locked_at": "2026-01-01T00:00:00Z"}
            for n, path in enumerate(paths, 1) if path]})

    def word(self, name):
        try:
            with open(os.path.join(folder, name)) as f:
                return f.read().strip()
        except OSError:
            return None

    def knows_you(self):
        login = self.word("login")
        if login is None or self.headers.get("Authorization") == login:
            return True
        log("who are you? %s" % self.path.split("/")[1])
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="lfs"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_POST(self):
        data = self.body()
        if not self.knows_you():
            return
        if self.path.endswith("/objects/batch"):
            ask = json.loads(data)
            log("batch %s %d" % (ask["operation"], len(ask["objects"])))
            if len(ask["objects"]) > int(self.word("most") or 1000):
                self.answer(413, {"message": "too many"})
                return
            self.answer(200, {"transfer": "basic", "objects": [
                self.item(ask["operation"], o["oid"], o["size"])
                for o in ask["objects"]]})
        elif self.path.endswith("/locks/verify"):
            log("locks")
            self.answer_locks()
        elif self.path.startswith("/verify/"):
            ask = json.loads(data)
            path = path_of(ask["oid"])
            good = os.path.exists(path) and \
                os.path.getsize(path) == ask["size"]
            log("verify %s" % ask["oid"])
            self.answer(200 if good else 404, {"message": "verified"})
        else:
            self.answer(404, {"message": "nothing here"})

    def do_PUT(self):
        data, oid = self.body(), self.path.rsplit("/", 1)[-1]
        if not self.knows_you():
            return
        if hashlib.sha256(data).hexdigest() != oid:
            self.answer(422, {"message": "other bytes than the name says"})
            return
        with open(path_of(oid) + ".tmp", "wb") as f:
            f.write(data)
        os.rename(path_of(oid) + ".tmp", path_of(oid))
        log("upload %s" % oid)
        self.answer(200)

    def do_GET(self):
        oid = self.path.rsplit("/", 1)[-1]
        if not self.knows_you():
            return
        try:
            with open(path_of(oid), "rb") as f:
                data = f.read()
        except (OSError, ValueError):
            self.answer(404, {"message": "nothing here"})
            return
        log("download %s" % oid)
        self.answer(200, data=data)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
