// The threads of a block take turns.
//
// They share one stack until one of them meets __syncthreads: it is parked with its stack, and
// the next thread goes on with another one. Blocks run one after another.

#ifndef CUDA_ON_CPU_BLOCK_H
#define CUDA_ON_CPU_BLOCK_H

#include <stdint.h>
#include <ucontext.h>

#include <functional>
#include <memory>
#include <type_traits>

#include "memory.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(save, bottom, size) ((void)0)
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)0)
#endif

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

inline dim3 threadIdx, blockIdx, blockDim, gridDim;
inline const int warpSize = 32;

namespace cuda_on_cpu {

constexpr unsigned MAX_THREADS = 1024;
constexpr size_t MAX_SHARED = 49152, STACK = 1 << 18;

// Threads on one stack. Only the last one begun can be waiting.
struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack{new char[STACK]};
    void *fake_stack = nullptr;
    unsigned thread = 0;
    const char *place = nullptr;  // of the barrier it waits at
};

class Block {
    ucontext_t scheduler;
    void *fake_stack = nullptr;
    const void *bottom = nullptr;
    size_t size = 0;
    std::vector<std::unique_ptr<Fiber>> fibers;
    std::vector<Fiber *> idle, waiting;
    Fiber *current = nullptr;
    const std::vector<unsigned> *order = nullptr;
    unsigned next = 0;
    const std::function<void()> *kernel = nullptr;

    static void body() {
        __sanitizer_finish_switch_fiber(nullptr, &instance().bottom, &instance().size);
        while (true) instance().threads();
    }
    // Run threads on the current stack until all have been begun.
    void threads() {
        while (next < order->size()) {
            place(current->thread = (*order)[next++]);
            (*kernel)();
        }
        idle.push_back(current);
        yield();
    }
    void yield() {
        Fiber *self = current;
        __sanitizer_start_switch_fiber(&self->fake_stack, bottom, size);
        swapcontext(&self->context, &scheduler);
        __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
    }
    void resume(Fiber *fiber) {
        current = fiber;
        __sanitizer_start_switch_fiber(&fake_stack, fiber->stack.get(), STACK);
        swapcontext(&scheduler, &fiber->context);
        __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
        current = nullptr;
    }
    Fiber *fresh() {
        if (idle.empty()) {
            fibers.emplace_back(new Fiber);
            Fiber *fiber = fibers.back().get();
            getcontext(&fiber->context);
            fiber->context.uc_stack.ss_sp = fiber->stack.get();
            fiber->context.uc_stack.ss_size = STACK;
            fiber->context.uc_link = nullptr;
            makecontext(&fiber->context, body, 0);
            return fiber;
        }
        Fiber *fiber = idle.back();
        idle.pop_back();
        return fiber;
    }
    static void place(unsigned thread) {
        threadIdx.x = thread % blockDim.x;
        threadIdx.y = thread / blockDim.x % blockDim.y;
        threadIdx.z = thread / blockDim.x / blockDim.y;
    }

   public:
    uint64_t number = 0;               // of this block, since the program began
    std::unique_ptr<char[]> dynamic;   // shared memory, as many bytes as the launch asks for

    static Block &instance() {
        static Block *block = new Block;
        return *block;
    }
    bool running() const { return current != nullptr; }

    void run(const std::vector<unsigned> &threads, size_t shared,
             const std::function<void()> &body) {
        order = &threads;
        kernel = &body;
        next = 0;
        number++;
        dynamic.reset(new char[shared]);
        memset(dynamic.get(), 0xff, shared);
        while (true) {
            while (next < order->size()) resume(fresh());
            if (waiting.empty()) return;
            std::vector<Fiber *> released;
            released.swap(waiting);
            for (Fiber *fiber : released)
                if (strcmp(fiber->place, released[0]->place))
                    fail(std::string("threads of one block wait at ") + fiber->place + " and " +
                         released[0]->place);
            for (Fiber *fiber : released) {
                place(fiber->thread);
                resume(fiber);
            }
        }
    }
    void barrier(const char *here) {
        Fiber *self = current;
        self->place = here;
        waiting.push_back(self);
        yield();
        current = self;
        place(self->thread);
    }
};

// A __shared__ variable: every block finds it full of NaN. `Key` tells declarations apart.
template <class T, class Key>
T &shared(Key) {
    static_assert(sizeof(T) <= MAX_SHARED, "too much shared data");
    static T *variable = (T *)new char[sizeof(T)];
    static uint64_t block = 0;
    if (block != Block::instance().number) {
        block = Block::instance().number;
        memset((void *)variable, 0xff, sizeof(T));
    }
    return *variable;
}

}  // namespace cuda_on_cpu

#define CUDA_ON_CPU_TEXT(x) #x
#define CUDA_ON_CPU_PLACE(line) __FILE__ ":" CUDA_ON_CPU_TEXT(line)
#define __syncthreads() cuda_on_cpu::Block::instance().barrier(CUDA_ON_CPU_PLACE(__LINE__))

#endif
