"""Runs the Python peers on the same data as the product, one round per line on standard input.

Arguments: model folder, data folder, threads for embedding; a search runs on one, as the product's does. Each answer is
one line of JSON: seconds of wall clock and of processor time for the round.
"""

import json
import sys
import time
from pathlib import Path

import faiss
import numpy
import torch
from sentence_transformers import SentenceTransformer

DIMENSIONS = 384
HITS = 10


def floats(path):
    return numpy.fromfile(path, dtype="float32").reshape(-1, DIMENSIONS)


def main():
    model_dir, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    model = SentenceTransformer(model_dir, device="cpu")
    indexes = {}

    def embed(name):
        texts = json.loads((folder / f"{name}.json").read_text())
        vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        vectors.astype("float32").tofile(folder / f"{name}.peer")

    def index(kind, count):
        vectors = floats(folder / "vectors.f32")[:count]
        faiss.omp_set_num_threads(threads)
        built = faiss.IndexFlatIP(DIMENSIONS)
        if kind == "coarse":
            cells, probes, step = json.loads((folder / "coarse.json").read_text())
            code = faiss.ScalarQuantizer.QT_8bit_uniform
            built = faiss.IndexIVFScalarQuantizer(built, DIMENSIONS, cells, code, faiss.METRIC_INNER_PRODUCT)
            built.train(vectors[::step])
            built.nprobe = probes
        built.add(vectors)
        return built

    def search(kind, count):
        queries = floats(folder / "queries.f32")
        hits = HITS if kind == "flat" else 2 * HITS
        faiss.omp_set_num_threads(1)
        for query in queries:
            indexes[kind, count].search(query.reshape(1, -1), hits)

    print("ready", flush=True)
    for line in sys.stdin:
        what, name, count = (line.split() + ["0"])[:3]
        count = int(count)
        if what == "search" and (name, count) not in indexes:
            indexes[name, count] = index(name, count)
        wall, cpu = time.perf_counter(), time.process_time()
        embed(name) if what == "embed" else search(name, count)
        print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]), flush=True)


main()
