#!/bin/sh
# Runs llama-cpp-python, a real OpenAI-compatible server, with a tiny model of random weights: it streams nonsense over
# the real protocol. By hand only, since building it takes about 11 minutes. Needs python3-venv, cmake and a C++ compiler.
#
#   e2e/llama-cpp.sh [folder] [port]
#   COLLABRY_OPENAI_URL=http://127.0.0.1:8012/v1 collabry serve
set -eu

folder=${1:-${TMPDIR:-/tmp}/collabry-llama-cpp}
port=${2:-8012}
mkdir -p "$folder"

if [ ! -x "$folder/venv/bin/python" ]; then
    python3 -m venv "$folder/venv"
fi
if ! "$folder/venv/bin/python" -c 'import llama_cpp.server, gguf' 2>/dev/null; then
    "$folder/venv/bin/pip" install --quiet 'llama-cpp-python[server]' gguf numpy
fi

if [ ! -s "$folder/random.gguf" ]; then
    "$folder/venv/bin/python" - "$folder/random.gguf" <<'PYTHON'
import sys

import gguf
import numpy as np

WIDTH, HEADS, LAYERS, HIDDEN, WINDOW = 64, 4, 2, 128, 16384

# Special tokens, a token for each byte, and a few words: enough for any prompt.
words = ["▁the", "▁sources", "▁say", "▁that", "▁it", "▁is", "▁so", "▁[", "1", "]", ".", "▁"]
tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + words
kinds = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2
kinds += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * len(words)

out = gguf.GGUFWriter(sys.argv[1], "llama")
out.add_name("random")
out.add_context_length(WINDOW)
out.add_embedding_length(WIDTH)
out.add_block_count(LAYERS)
out.add_feed_forward_length(HIDDEN)
out.add_head_count(HEADS)
out.add_head_count_kv(HEADS)
out.add_rope_dimension_count(WIDTH // HEADS)
out.add_layer_norm_rms_eps(1e-5)
out.add_vocab_size(len(tokens))
out.add_tokenizer_model("llama")
out.add_token_list(tokens)
out.add_token_scores([0.0] * 259 + [-float(index) for index in range(len(words))])
out.add_token_types(kinds)
out.add_unk_token_id(0)
out.add_bos_token_id(1)
out.add_eos_token_id(2)

random = np.random.default_rng(7)


def matrix(name, *shape):
    out.add_tensor(name, random.normal(0.0, 0.1, shape).astype(np.float32))


matrix("token_embd.weight", len(tokens), WIDTH)
matrix("output.weight", len(tokens), WIDTH)
out.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
for layer in range(LAYERS):
    block = f"blk.{layer}."
    for norm in ("attn_norm", "ffn_norm"):
        out.add_tensor(f"{block}{norm}.weight", np.ones(WIDTH, dtype=np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        matrix(f"{block}{name}.weight", WIDTH, WIDTH)
    matrix(f"{block}ffn_gate.weight", HIDDEN, WIDTH)
    matrix(f"{block}ffn_up.weight", HIDDEN, WIDTH)
    matrix(f"{block}ffn_down.weight", WIDTH, HIDDEN)

out.write_header_to_file()
out.write_kv_data_to_file()
out.write_tensors_to_file()
out.close()
PYTHON
fi

exec "$folder/venv/bin/python" -m llama_cpp.server --model "$folder/random.gguf" --model_alias random \
    --n_ctx 16384 --chat_format chatml --host 127.0.0.1 --port "$port"
