#include "gateway/async/task.hpp"
