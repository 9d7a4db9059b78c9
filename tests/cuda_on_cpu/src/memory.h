// Device memory: the host cannot touch it, and nobody finds zeros in it.
//
// One range of addresses, protected except while a kernel or a call of the API works on it. In
// huge pages, so that to change the protection of some 100 MB takes microseconds.

#ifndef CUDA_ON_CPU_MEMORY_H
#define CUDA_ON_CPU_MEMORY_H

#include <sys/mman.h>

#include <map>
#include <vector>

#include "card.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
extern "C" __attribute__((weak)) const char *__asan_default_options() { return "detect_leaks=0"; }
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#endif

namespace cuda_on_cpu {

class Memory {
    static constexpr size_t ALIGNMENT = 256, PAGE = 1 << 21;
    const size_t capacity = card().memory;
    char *base;
    size_t used = 0, top = 0;
    int open = 0;
    std::map<char *, size_t> taken;                     // address -> bytes
    std::map<size_t, std::vector<char *>> free_pieces;  // by rounded size

    // Between two pieces there is always a gap, which the sanitizer guards.
    static size_t rounded(size_t n) { return (n + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

    void protect(int flags) {
        const size_t size = (top + PAGE - 1) / PAGE * PAGE;
        if (size && mprotect(base, size, flags)) fail("mprotect");
    }

   public:
    Memory() {
        const size_t size = (capacity / PAGE + 2) * PAGE;
        void *p = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                       0);
        if (p == MAP_FAILED) fail("no address space for the device memory");
        base = (char *)(((uintptr_t)p + PAGE - 1) / PAGE * PAGE);
        madvise(base, size - PAGE, MADV_HUGEPAGE);
    }
    size_t available() const { return capacity - used; }
    bool holds(const void *p) const { return (char *)p >= base && (char *)p < base + capacity; }

    // Whether all of [p, p + n) lies in one allocation.
    bool holds(const void *p, size_t n) const {
        auto after = taken.upper_bound((char *)p);
        if (after == taken.begin()) return false;
        --after;
        return (char *)p + n <= after->first + after->second;
    }
    void enter() {
        if (open++ == 0) protect(PROT_READ | PROT_WRITE);
    }
    void leave() {
        if (--open == 0) protect(PROT_NONE);
    }
    void *allocate(size_t n) {
        const size_t size = rounded(n);
        if (used + size > capacity) return nullptr;
        char *p;
        auto &pieces = free_pieces[size];
        if (!pieces.empty()) {
            p = pieces.back();
            pieces.pop_back();
        } else {
            if (top + size > capacity) return nullptr;
            p = base + top;
            top += size;
            if (open) protect(PROT_READ | PROT_WRITE);
        }
        used += size;
        taken[p] = n;
        enter();
        ASAN_UNPOISON_MEMORY_REGION(p, n);
        memset(p, 0xff, n);  // NaN, as double or float
        ASAN_POISON_MEMORY_REGION(p + n, size - n);
        leave();
        return p;
    }
    bool release(void *p) {
        auto found = taken.find((char *)p);
        if (found == taken.end()) return p == nullptr;
        const size_t size = rounded(found->second);
        ASAN_POISON_MEMORY_REGION(p, found->second);
        taken.erase(found);
        free_pieces[size].push_back((char *)p);
        used -= size;
        return true;
    }
};

inline Memory &memory() {
    static Memory *memory = new Memory;  // never destroyed: device vectors are globals
    return *memory;
}

}  // namespace cuda_on_cpu

#endif
