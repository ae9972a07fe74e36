// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The keys that may be cached, as `[cache.keys]` declares them. A key is made for a session, and
/// for nobody else: there is no other way to make one.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/session.h"
#include "platform/key_pattern.h"
#include "platform/platform.h"

namespace caisson::cache {

/// A key for one session. Cheap to move.
class Key {
 public:
    const std::string& name() const { return name_; }
    /// On whose behalf the value is loaded: whom the key was made for, or nobody for a shared one.
    const pg::Session& session() const { return session_; }
    /// What changes make it old; see marks.h.
    const std::vector<std::string>& tags() const { return tags_; }
    std::size_t pattern() const { return pattern_; }  ///< Its number in the registry.
    const platform::CacheKey& declared() const { return *declared_; }

 private:
    friend class Registry;
    explicit Key(pg::Session session) : session_(std::move(session)) {}
    std::string name_;
    pg::Session session_;
    std::vector<std::string> tags_;
    std::size_t pattern_ = 0;
    const platform::CacheKey* declared_ = nullptr;
};

/// Threads: any. Keys live no longer than their registry.
class Registry {
 public:
    explicit Registry(std::vector<platform::CacheKey> keys);

    /// `values`: of the placeholders but `{tenant}` and `{role}`, in their order; any bytes.
    /// Errors: usage for a pattern that is not declared, has no time to live, or says neither
    /// whose rows it holds nor that they are everybody's; and for another number of values.
    Key key(const pg::Session& session, std::string_view pattern,
            const std::vector<std::string>& values) const;
    const std::vector<platform::CacheKey>& declared() const { return *declared_; }

 private:
    struct Entry {
        platform::KeyPattern pattern;
        bool has_tenant = false;
        bool has_role = false;
    };
    std::shared_ptr<const std::vector<platform::CacheKey>> declared_;
    std::vector<Entry> entries_;
};

/// As a part of a key: bytes that would end it, or mean something, as %XX. Equal parts only for
/// equal texts. Pure.
std::string key_part(std::string_view text);

}  // namespace caisson::cache
