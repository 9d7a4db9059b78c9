"""nvidia-smi for machines without a GPU: it lists the card that the environment describes."""

import os
import sys

NOBODY = "00000000-0000-0000-0000-00000000000"


def fields():
    """Return what can be asked of the card, by the names of --query-gpu."""
    memory = os.environ.get("CUDA_ON_CPU_MEMORY") or str(2**34)
    busy = os.environ.get("CUDA_ON_CPU_BUSY") == "1"
    free = os.environ.get("CUDA_ON_CPU_FREE") or memory
    return {
        "index": "0",
        "uuid": f"GPU-{NOBODY}0",
        "name": os.environ.get("CUDA_ON_CPU_GPU") or "Emulated GPU",
        "compute_cap": os.environ.get("CUDA_ON_CPU_CAPABILITY") or "9.0",
        "memory.total": _mebibytes(memory),
        "memory.free": _mebibytes(free),
        "compute_mode": "Exclusive_Process" if busy else "Default",
        "mig.mode.current": "Enabled" if slices() else "Disabled",
    }


def _mebibytes(text):
    return str(int(text) // 2**20) if text.isdecimal() else text


def slices():
    """Return the UUIDs of the card's MIG slices."""
    return [f"MIG-{NOBODY}{k + 1}" for k in range(int(os.environ.get("CUDA_ON_CPU_MIG") or 0))]


def main(arguments):
    card = fields()
    if card["name"] == "none":
        print("No devices were found")
        return 6
    if "-L" in arguments:
        print(f"GPU 0: {card['name']} (UUID: {card['uuid']})")
        for number, uuid in enumerate(slices()):
            print(f"  MIG 1g.10gb     Device  {number}: (UUID: {uuid})")
        return 0
    for word in arguments:
        if word.startswith("--query-gpu="):
            asked = word.partition("=")[2].split(",")
            for name in asked:
                if name not in card:
                    print(f'Field "{name}" is not a valid field to query.')
                    return 2
            print(", ".join(card[name] for name in asked))
            return 0
    print(f"{card['name']}, emulated")
    return 0


sys.exit(main(sys.argv[1:]))
