// The threads of a block take turns.
//
// They share one stack until one of them meets __syncthreads: it is parked with its stack, and
// the next thread goes on with another one. Blocks run one after another.

#ifndef CUDA_ON_CPU_BLOCK_H
#define CUDA_ON_CPU_BLOCK_H

#include <ucontext.h>

#include <memory>
#include <string>
#include <vector>

#include "cuda_runtime.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(save, bottom, size) ((void)0)
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)0)
#endif

namespace cuda_on_cpu {

constexpr size_t STACK = 1 << 18;

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
    void (*kernel)(void *) = nullptr;
    void *arguments = nullptr;

    static void body() {
        __sanitizer_finish_switch_fiber(nullptr, &instance().bottom, &instance().size);
        while (true) instance().threads();
    }
    // Run threads on the current stack until all have been begun.
    void threads() {
        while (next < order->size()) {
            place(current->thread = (*order)[next++]);
            kernel(arguments);
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
    uint64_t number = 0;  // of this block, since the program began
    std::unique_ptr<char[]> shared;

    static Block &instance() {
        static Block *block = new Block;
        return *block;
    }
    bool running() const { return current != nullptr; }

    void run(const std::vector<unsigned> &threads, size_t bytes, void (*thread)(void *),
             void *with) {
        order = &threads;
        kernel = thread;
        arguments = with;
        next = 0;
        number++;
        shared.reset(new char[bytes]);
        memset(shared.get(), 0xff, bytes);
        while (true) {
            while (next < order->size()) resume(fresh());
            if (waiting.empty()) return;
            std::vector<Fiber *> released;
            released.swap(waiting);
            for (Fiber *fiber : released)
                if (strcmp(fiber->place, released[0]->place))
                    fail("threads of one block wait at ",
                         (std::string(fiber->place) + " and " + released[0]->place).c_str());
            for (Fiber *fiber : released) {
                place(fiber->thread);
                resume(fiber);
            }
        }
    }
    void wait(const char *here) {
        Fiber *self = current;
        self->place = here;
        waiting.push_back(self);
        yield();
        current = self;
        place(self->thread);
    }
};

}  // namespace cuda_on_cpu

#endif
