#include "../cuda_on_cpu/thrust.h"
