// The pretended card: what it is, who may use it, and how often it was called.

#ifndef CUDA_ON_CPU_CARD_H
#define CUDA_ON_CPU_CARD_H

#include <map>
#include <string>

#include "cuda_runtime.h"

namespace cuda_on_cpu {

inline std::string setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

// What the environment says about the card; nvidia_smi.py reads the same.
class Card {
    // Whether CUDA_VISIBLE_DEVICES leaves it to this process: by index, or UUIDs that begin so.
    static bool visible(int slices) {
        const char *value = getenv("CUDA_VISIBLE_DEVICES");
        if (!value) return true;
        std::string wanted = value;
        wanted = wanted.substr(0, wanted.find(','));
        if (wanted == "0") return true;
        if (wanted.size() < 5) return false;
        const std::string zeros = "00000000-0000-0000-0000-00000000000";
        bool found = ("GPU-" + zeros + "0").rfind(wanted, 0) == 0;
        for (int slice = 1; slice <= slices; slice++)
            found |= ("MIG-" + zeros + std::to_string(slice)).rfind(wanted, 0) == 0;
        return found;
    }

   public:
    const std::string name = setting("CUDA_ON_CPU_GPU", "Emulated GPU");
    const std::string capability = setting("CUDA_ON_CPU_CAPABILITY", "9.0");
    const int major = atoi(capability.c_str());
    const int minor = atoi(capability.substr(capability.find('.') + 1).c_str());
    const size_t memory = std::stoull(setting("CUDA_ON_CPU_MEMORY", "17179869184"));
    const bool there = name != "none" && visible(atoi(setting("CUDA_ON_CPU_MIG", "0").c_str()));
    const bool busy = setting("CUDA_ON_CPU_BUSY", "") == "1";
};
inline const Card &card() {
    static const Card *card = new Card;
    return *card;
}

// How often each call was made, written as JSON when the program ends.
class Counts {
    const std::string file = setting("CUDA_ON_CPU_LOG", "");
    std::map<std::string, long> calls;

    static void write();
    Counts() {
        if (!file.empty()) atexit(write);
    }

   public:
    static Counts &instance() {
        static Counts *counts = new Counts;  // never destroyed: globals free memory at the end
        return *counts;
    }
    void add(const std::string &name) {
        if (!file.empty()) calls[name]++;
    }
};

inline cudaError_t last_error = cudaSuccess;

inline cudaError_t report(cudaError_t error) {
    if (error) last_error = error;
    return error;
}

// What keeps this process from the card, if anything does; every call that needs it asks.
inline cudaError_t refusal() {
    if (!card().there) return report(cudaErrorNoDevice);
    return card().busy ? report(cudaErrorDevicesUnavailable) : cudaSuccess;
}

// The beginning of a call of the API: count it, and ask for the card.
inline cudaError_t begin(const std::string &name) {
    Counts::instance().add(name);
    return refusal();
}

}  // namespace cuda_on_cpu

#endif
