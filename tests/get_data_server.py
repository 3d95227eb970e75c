#!/usr/bin/env python3
"""Serves the folder DIR on loopback for get_data_test.sh, and prints the port.

usage: get_data_server.py DIR

Below cut/ lie the same files, of which half arrives before the connection ends; below slow/, half and then nothing.
"""
import http.server, os, sys, time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        words = self.path.strip("/").split("/")
        how = words.pop(0) if words[0] in ("cut", "slow") else "whole"
        path = os.path.join(sys.argv[1], *words)
        if not os.path.isfile(path):
            return self.send_error(404)
        with open(path, "rb") as f:
            data = f.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if how == "whole" else data[: len(data) // 2])
        if how == "slow":
            self.wfile.flush()
            time.sleep(600)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
