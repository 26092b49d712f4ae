"""What the official clients read of the fixtures: FOLDER holds openai/, anthropic/ and ollama/, as
ai-engine/tests/it/models/fixtures does. Prints one JSON object: dialect, file, and `text` or `error`."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anthropic
import ollama
import openai

TYPES = {".sse": "text/event-stream", ".ndjson": "application/x-ndjson", ".json": "application/json"}
ASKED = [{"role": "user", "content": "What is it?"}]
# No further tries: what is compared is what one body is read as.
TRIES = 0


class Serve(BaseHTTPRequestHandler):
    """Sends the file that the test is at, whatever is asked."""

    file: Path
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = self.file.read_bytes()
        self.send_response(200)
        self.send_header("content-type", TYPES[self.file.suffix])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def of_openai(url):
    client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=TRIES)
    for chunk in client.chat.completions.create(model="m", messages=ASKED, stream=True):
        for choice in chunk.choices or []:
            if not choice.index:
                yield choice.delta.content or ""


def of_anthropic(url):
    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=TRIES)
    for event in client.messages.create(model="m", max_tokens=99, messages=ASKED, stream=True):
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            yield event.delta.text


def of_ollama(url):
    for part in ollama.Client(host=url).chat(model="m", messages=ASKED, stream=True):
        yield part.message.content or ""


def read(client, url):
    text = ""
    try:
        for more in client(url):
            text += more
    except Exception as error:  # Whatever it raises is what its users get.
        return {"text": text, "error": type(error).__name__}
    # Python keeps halves of characters apart.
    return {"text": text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")}


def main(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    clients = {"openai": of_openai, "anthropic": of_anthropic, "ollama": of_ollama}
    found = {}
    for dialect, client in clients.items():
        found[dialect] = {}
        for file in sorted((Path(folder) / dialect).iterdir()):
            if file.name != "expected.json":
                Serve.file = file
                found[dialect][file.name] = read(client, url)
    json.dump(found, sys.stdout)


main(sys.argv[1])
