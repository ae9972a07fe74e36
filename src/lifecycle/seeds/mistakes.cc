// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/mistakes.h"

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::seeds {

constexpr std::size_t most_kept = 100;

void Mistakes::add(const Place& place, const std::string& message) {
    if (count_++ == 0) {
        first_ = place;
        first_message_ = message;
    }
    if (lines_.size() < most_kept) {
        lines_.push_back(fmt::format("{}: {}", place.text(), message));
    }
}

void Mistakes::check() const {
    if (none()) {
        return;
    }
    if (count_ == 1) {
        throw Error(Code::seed_invalid, first_message_).at(first_);
    }
    std::string message =
        fmt::format("the seeds have {}:\n  {}", counted(count_, "mistake"), join(lines_, "\n  "));
    if (count_ > lines_.size()) {
        message += fmt::format("\n  and {} more", count_ - lines_.size());
    }
    throw Error(Code::seed_invalid, message);
}

}  // namespace caisson::seeds
