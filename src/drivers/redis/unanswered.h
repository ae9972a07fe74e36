// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace caisson::redis {

/// A request that Redis did not answer (Code::cannot_connect).
class Unanswered : public Error {
 public:
    enum class Reason {
        deadline,    ///< Its time was over.
        connection,  ///< The connection broke, or none could be made.
        full,        ///< Too many were waiting already.
        closed,      ///< The client was closed.
    };
    Unanswered(Reason reason, bool may_have_run, std::string message, std::string hint = {})
        : Error(Code::cannot_connect, std::move(message), std::move(hint)),
          reason_(reason),
          may_have_run_(may_have_run) {}

    Reason reason() const { return reason_; }
    /// Whether it was sent, so that what it changes may be stored. When false it provably was not.
    bool may_have_run() const { return may_have_run_; }

 private:
    Reason reason_;
    bool may_have_run_;
};

}  // namespace caisson::redis
