// What a program is given and what it leaves, one file an array, in its folder of results.

#ifndef HORN_KERNELS_FILES_H
#define HORN_KERNELS_FILES_H

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace horn {

[[noreturn]] inline void fail(const std::string &what) {
    fprintf(stderr, "horn_neuro: %s\n", what.c_str());
    exit(1);
}

inline std::string path_of(const char *name, const char *ending) {
    return brian::results_dir + name + ending;
}

inline void end_with_parent() {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

// The file of a given array in memory; what the program writes there stays in memory.
struct Mapped {
    void *memory = nullptr;
    size_t bytes;

    explicit Mapped(const char *name) {
        const std::string path = path_of(name, ".in");
        const int file = open(path.c_str(), O_RDONLY);
        struct stat about;
        if (file < 0 || fstat(file, &about)) fail(path + ": " + strerror(errno));
        bytes = about.st_size;
        if (bytes) memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
        if (memory == MAP_FAILED) fail(path + ": " + strerror(errno));
        close(file);
    }
};

// A file of results; a full disk is an error.
class File {
    const std::string path;
    FILE *file;

    void check(bool good) const {
        if (!good) fail("writing " + path + ": " + strerror(errno));
    }

   public:
    explicit File(const char *name)
        : path(path_of(name, ".out")), file(fopen(path.c_str(), "wb")) {
        check(file);
    }
    void write(const void *memory, size_t bytes) {
        check(fwrite(memory, 1, bytes, file) == bytes);
    }
    void close() { check(fclose(file) == 0); }
};

}  // namespace horn

#endif
