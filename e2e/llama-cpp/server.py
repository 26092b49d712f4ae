"""llama.cpp's server with a tiny model of random weights, until a signal ends it. Prints its address once it listens.

    $(e2e/llama-cpp/venv.sh) e2e/llama-cpp/server.py
    COLLABRY_OPENAI_URL=<address>/v1 collabry serve
"""

import signal
import tempfile

import random_model
import xllamacpp


def load():
    # Mapped once it is loaded, so the file itself may go.
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/random.gguf"
        random_model.write(path)
        params = xllamacpp.CommonParams()
        params.model.path = path
        params.model_alias = {"random"}
        params.chat_template = "chatml"
        params.n_ctx = random_model.WINDOW
        params.n_predict = 64
        params.n_parallel = 1
        params.cpuparams.n_threads = 1
        # Random weights end an answer at any token, also at its first.
        params.sampling.ignore_eos = True
        params.warmup = False
        params.port = 0
        return xllamacpp.Server(params)


if __name__ == "__main__":
    server = load()
    print(server.listening_address, flush=True)
    signal.pause()
