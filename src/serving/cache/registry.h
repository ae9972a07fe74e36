// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The keys that may be cached, as `[cache.keys]` declares them. A key is made for a session, and
/// for nobody else: there is no other way to make one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/call.h"
#include "drivers/pg/session.h"
#include "platform/key_pattern.h"
#include "platform/platform.h"

namespace caisson::cache {

using Identity = std::array<std::uint64_t, 2>;

/// A key for one session. Cheap to move.
class Key {
 public:
    const std::string& name() const { return name_; }
    /// Its name in this process, where keys of two patterns have none in common.
    const std::string& local_name() const { return local_name_; }
    /// A hash of the pattern, of whom it was made for, of the values and the version of the
    /// answers: sealed into what is kept, so that two keys that came to have one name are never
    /// taken for each other.
    Identity identity() const;
    /// On whose behalf the value is loaded: whom the key was made for, or nobody for a shared one.
    const pg::Session& session() const { return session_; }
    /// What changes make it old; see marks.h.
    const std::vector<std::string>& tags() const { return tags_; }
    std::size_t pattern() const { return pattern_; }    ///< Its number in the registry.
    std::uint64_t version() const { return version_; }  ///< Of the answers; 0: of none.
    const platform::CacheKey& declared() const { return *declared_; }

 private:
    friend class Registry;
    explicit Key(pg::Session session) : session_(std::move(session)) {}
    std::string name_;
    std::string local_name_;
    std::string role_;  ///< That it is loaded as: the session's, or the login's own.
    pg::Session session_;
    std::vector<std::string> tags_;
    std::size_t pattern_ = 0;
    std::uint64_t version_ = 0;
    const platform::CacheKey* declared_ = nullptr;
};

/// Threads: any. Keys live no longer than their registry.
class Registry {
 public:
    /// `login`: the role that the pool of the loaders connects as. A session without a role of its
    /// own acts as that one, and so it is a part of the key. Errors: usage when it is empty.
    Registry(std::vector<platform::CacheKey> keys, std::string login);

    /// `values`: of the placeholders but `{tenant}` and `{role}`, in their order; any bytes. One
    /// that reads as an integer or a uuid has tags as written and as PostgreSQL writes it, for it
    /// is not known here which the column holds; the name has it as written. Errors: usage for a
    /// pattern that is not declared, has no time to live, or says neither whose rows it holds nor
    /// that they are everybody's, or has no `:` between two placeholders; and for another number of
    /// values.
    Key key(const pg::Session& session, std::string_view pattern,
            const std::vector<std::string>& values) const;
    /// Of what generated code gives (`find_business_cache_key(id)`), with its version.
    Key key(const pg::Session& session, const pg::CacheKey& wanted) const;
    const std::vector<platform::CacheKey>& declared() const { return *declared_; }
    const std::string& login() const { return login_; }

 private:
    struct Entry {
        platform::KeyPattern pattern;
        bool has_tenant = false;
        bool has_role = false;
        bool is_ambiguous = false;  ///< Of two placeholders without a `:` between them.
    };
    std::shared_ptr<const std::vector<platform::CacheKey>> declared_;
    std::vector<Entry> entries_;
    std::string login_;
};

/// As a part of a key: bytes that would end it, or mean something, as %XX. Equal parts only for
/// equal texts. Pure.
std::string key_part(std::string_view text);

/// As PostgreSQL writes an integer or a uuid that it reads so, in capitals, braces, with leading
/// zeros or blanks; the text itself when it is neither. Source: PostgreSQL, "Numeric Types" and
/// "UUID Type". Pure.
std::string canonical_value(std::string_view text);
/// Whether names of the pattern's keys tell where each of their values ends. Pure.
bool is_unambiguous(const platform::KeyPattern& pattern);

}  // namespace caisson::cache
