"""A llama of random weights: it streams nonsense over the real protocol."""

import gguf
import numpy as np

WIDTH, HEADS, LAYERS, HIDDEN, WINDOW = 64, 4, 2, 128, 16384

# Special tokens, a token for each byte, and a few words: enough for any prompt.
WORDS = ["▁the", "▁sources", "▁say", "▁that", "▁it", "▁is", "▁so", "▁[", "1", "]", ".", "▁"]
SPECIAL = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def write(path):
    """Writes the model as a GGUF file."""
    tokens = SPECIAL + BYTES + WORDS
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * len(BYTES) + [gguf.TokenType.NORMAL] * len(WORDS)
    out = gguf.GGUFWriter(path, "llama")
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
    out.add_token_scores([0.0] * (len(SPECIAL) + len(BYTES)) + [-float(index) for index in range(len(WORDS))])
    out.add_token_types(kinds)
    out.add_unk_token_id(0)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    weights(out, len(tokens))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def weights(out, vocabulary):
    random = np.random.default_rng(7)

    def matrix(name, *shape):
        out.add_tensor(name, random.normal(0.0, 0.1, shape).astype(np.float32))

    matrix("token_embd.weight", vocabulary, WIDTH)
    matrix("output.weight", vocabulary, WIDTH)
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
