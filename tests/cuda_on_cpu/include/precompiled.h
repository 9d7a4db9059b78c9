// What generated programs include, in one file, to be precompiled.

#include <inttypes.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iostream>
#include <limits>
#include <set>
#include <string>
#include <tuple>

#include "cublas_v2.h"
#include "cuda_on_cpu/thrust.h"
#include "curand_kernel.h"
