// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/transact.h"

#include <algorithm>
#include <random>

namespace caisson::pg {

std::string begin_text(const TransactOptions& options) {
    std::string text = "begin isolation level ";
    text += options.isolation == Isolation::serializable      ? "serializable"
            : options.isolation == Isolation::repeatable_read ? "repeatable read"
                                                              : "read committed";
    return text + (options.read_only ? " read only" : "");
}

bool may_succeed_again(const DatabaseError& error) {
    return error.sqlstate == "40001" || error.sqlstate == "40P01" ||
           !error.fact(outdated_fact).empty();
}

std::chrono::microseconds pause_after(int attempt, const TransactOptions& options) {
    thread_local std::mt19937 random{std::random_device{}()};
    const std::chrono::microseconds first = options.first_pause;
    const std::chrono::microseconds longest = options.longest_pause;
    // 2^20 times anything is beyond the longest pause that anybody sets.
    const auto about = std::min(longest, first * (1L << std::clamp(attempt - 1, 0, 20)));
    std::uniform_int_distribution<std::chrono::microseconds::rep> spread(about.count() / 2,
                                                                         about.count() * 3 / 2);
    return std::chrono::microseconds(spread(random));
}

}  // namespace caisson::pg
