"""The workshop's API on a developer's machine: lists repairs to whoever has the key.

python3 mock_api.py [PORT]    # 9000 if none is given
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "a key for tests"
REPAIRS = [  # id, title in English and in Portuguese, cents without tax
    ("brakes", "Adjust the brakes", "Ajustar os freios", 2500),
    ("gears", "Adjust the gears", "Regular as marchas", 2750),
    ("wheel", "True a wheel", "Centrar uma roda", 3000),
    ("flat", "Mend a flat tyre", "Remendar um pneu", 1250),
    ("chain", "Replace the chain", "Trocar a corrente", 4190),
]
# More than a screen shows at once.
REPAIRS += [(f"spoke-{n}", f"Replace {n} spokes", f"Trocar {n} raios", 1500 + 250 * n) for n in range(2, 20)]


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        portuguese = parse_qs(url.query).get("language", [""])[0].startswith("pt")
        if self.headers.get("x-api-key") != KEY:
            self.answer(401, {"error": "this is not the key"})
        elif url.path != "/v1/services":
            self.answer(404, {"error": "there is no such path"})
        else:
            self.answer(200, [{"id": i, "title": pt if portuguese else en, "cents": c} for i, en, pt, c in REPAIRS])

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    print(f"http://127.0.0.1:{port}/v1/services")
    ThreadingHTTPServer(("127.0.0.1", port), Api).serve_forever()
