// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "drivers/pg/arguments.h"

namespace caisson::pg {

/// One SQL statement with $1, $2, … for its arguments. Cheap to copy; made once and kept, its text
/// is hashed once. Threads: any.
class Statement {
 public:
    Statement(std::string_view text);
    Statement(const char* text) : Statement(std::string_view(text)) {}
    Statement(const std::string& text) : Statement(std::string_view(text)) {}

    const std::string& text() const { return shared_->text; }
    std::size_t hash() const { return shared_->hash; }
    /// The word it begins with when that leaves something behind in its connection, or opens or
    /// ends a transaction (BEGIN, SET, LISTEN, COPY, …): such a statement needs a lane of its own.
    /// Empty otherwise.
    std::string_view needs_own_lane() const { return shared_->stateful; }
    bool operator==(const Statement& other) const {
        return shared_ == other.shared_ ||
               (shared_->hash == other.shared_->hash && shared_->text == other.shared_->text);
    }

 private:
    struct Shared {
        std::string text;
        std::size_t hash;
        std::string_view stateful;
    };
    std::shared_ptr<const Shared> shared_;
};

/// A statement with its arguments.
struct Query {
    Query(Statement what, Arguments with = {})
        : statement(std::move(what)), arguments(std::move(with)) {}
    Statement statement;
    Arguments arguments;
};

}  // namespace caisson::pg
