// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/session.h"

#include <utility>

#include "base/error.h"

namespace caisson::pg {

Session::Session(std::string user, std::string role)
    : user_(std::move(user)), role_(std::move(role)) {
    if (user_.empty()) {
        throw Error(Code::usage, "a session has no user",
                    "Say who acts, or Session::nobody() where nobody in particular does.");
    }
}

Session Session::nobody(std::string role) {
    Session session;
    session.role_ = std::move(role);
    return session;
}

Session Session::for_request(std::string id, std::string purpose) const {
    auto session = *this;
    session.request_ = std::move(id);
    session.purpose_ = std::move(purpose);
    return session;
}

}  // namespace caisson::pg
