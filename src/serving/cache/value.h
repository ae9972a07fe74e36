// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace caisson::cache {

/// What is kept under a key, with what tells whether it may still be used.
struct Value {
    using Clock = std::chrono::system_clock;  ///< Of all processes that share a Redis.

    std::string bytes;                  ///< As the loader gave them.
    bool is_nothing = false;            ///< The loader found nothing, and that is kept.
    Clock::time_point made{};           ///< When its loading began.
    Clock::time_point fresh{};          ///< From then on it is used while a newer one is loaded.
    Clock::time_point expires{};        ///< From then on it is not used.
    std::chrono::microseconds cost{0};  ///< How long its loading took.
    std::uint64_t epoch = 0;            ///< Of the marks that it is valid by.
    std::uint64_t position = 0;         ///< Changes up to this one are in it.
    std::uint64_t heard = 0;            ///< The same, by the count of this process.
};
using Held = std::shared_ptr<const Value>;

}  // namespace caisson::cache
