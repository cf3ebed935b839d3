"""Make a store with results of every kind, by running pipelines for real: ``python made_store.py PATH [--live]``.

With ``--live`` it goes on afterwards: two streams run, and now and then something new is computed, until it is ended.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from speech.pipeline import (  # noqa: E402
    AVeryLongNameOfAClassThatSomebodyThoughtWouldExplainEverythingThereIsToKnowAboutIt,
    Corpus,
    Evaluate,
    Optimizer,
    Report,
    Stream,
    Tokenizer,
    TrainModel,
)

import furu  # noqa: E402 - the path to the pipelines comes first

ENDINGS = {"crashed": signal.SIGKILL, "cancelled": signal.SIGINT, "preempted": signal.SIGTERM}


def models() -> list[TrainModel]:
    """Return the configs of a sweep."""
    corpora = [Corpus(language=language) for language in ("en", "de", "ja")]
    tokenizer = Tokenizer(corpora=corpora)
    return [
        TrainModel(corpus=corpus, tokenizer=tokenizer, optimizer=Optimizer(lr=lr), layers=layers, seed=seed)
        for corpus in corpora
        for lr in (1e-4, 3e-4, 1e-3)
        for layers in (2, 4, 8)
        for seed in range(2)
    ]


def fill() -> None:
    """Compute what succeeds and what fails."""
    made = models()
    for model in made:
        model.get()
    evaluations = [Evaluate(model=model, beam=beam) for model in made[:6] for beam in (1, 4)]
    for evaluation in evaluations:
        evaluation.get()
    Report(evaluations={"small": evaluations[:4], "large": evaluations[4:8]}).get()
    AVeryLongNameOfAClassThatSomebodyThoughtWouldExplainEverythingThereIsToKnowAboutIt().get()
    for model in made[:3]:
        for _ in range(3):
            try:
                Evaluate(model=model, beam=8).get()
            except MemoryError:
                pass


def streaming(name: str) -> subprocess.Popen[bytes]:
    """Start a process that computes a stream, and return once it does."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--stream", name], env=os.environ, stderr=subprocess.DEVNULL, start_new_session=True
    )
    log = Stream(name_of_stream=name).furu_dir / ".furu" / "furu.log"
    while not log.is_file() or "block 1" not in log.read_text():
        assert child.poll() is None
        time.sleep(0.02)
    return child


def end(name: str, how: signal.Signals) -> None:
    """Start a stream and end it in one of the ways in which computations end."""
    child = streaming(name)
    child.send_signal(how)
    child.wait(20)


def main() -> None:
    """Make the store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--stream")
    asked = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # each result has its own log; this program says nothing
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell ignores it
    if asked.stream:
        Stream(name_of_stream=asked.stream).get()
        return
    os.environ |= {
        "FURU_PATH": str(asked.path.resolve()),
        "FURU_VERSION_CONTROLLED_PATH": str(asked.path.resolve() / "artifacts"),
        "FURU_ALLOW_NO_GIT_ORIGIN": "1",
        "FURU_LOG_LEVEL": "ERROR",
    }
    furu.FURU_CONFIG.reread()
    fill()
    for name, how in ENDINGS.items():
        end(name, how)
    if asked.live:
        go_on()


def go_on() -> None:
    """Keep two streams running and compute something now and then."""
    children = [streaming("first"), streaming("second")]
    print("live", flush=True)
    try:
        for number in range(100, 1_000_000):
            time.sleep(5)
            Corpus(hours=number).get()
    except KeyboardInterrupt:
        pass
    finally:
        for child in children:
            child.terminate()
            child.wait()


if __name__ == "__main__":
    main()
