// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace caisson::pg {

/// On whose behalf a request runs. It is set for the request's own transaction, in the same round
/// trip: the setting `app.current_user_id`, on which row-level security looks, and the role; for
/// audits also `app.request_id` and `app.purpose`. What follows on the same connection begins from
/// nothing again. Threads: any.
class Session {
 public:
    /// Errors: usage when `user` is empty: nobody() says that on purpose.
    explicit Session(std::string user, std::string role = {});
    /// Nobody in particular: the user is empty, and policies show no rows.
    static Session nobody(std::string role = {});

    /// The same session for one request: its id, as in X-Request-Id, and what it is for. Triggers
    /// and defaults read them: `current_setting('app.request_id', true)`; empty where none is
    /// given.
    Session for_request(std::string id, std::string purpose = {}) const;

    const std::string& user() const { return user_; }
    /// The role to act as, of which the connection's own must be a member; empty for its own.
    const std::string& role() const { return role_; }
    const std::string& request() const { return request_; }
    const std::string& purpose() const { return purpose_; }

 private:
    Session() = default;
    std::string user_;
    std::string role_;
    std::string request_;
    std::string purpose_;
};

}  // namespace caisson::pg
