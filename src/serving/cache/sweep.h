// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "serving/cache/report.h"

namespace caisson::cache {

/// A key that does not stand as it should, as it is told one by one.
struct KeyNote {
    std::string_view key;      ///< Any bytes.
    std::string_view pattern;  ///< Empty for a key of no pattern.
    Standing standing = Standing::right;
    Remedy remedy = Remedy::none;
    bool overtaken = false;  ///< The remedy came too late: it changed meanwhile.
};

struct Options {
    std::vector<platform::CacheKey> keys;  ///< The patterns of the manifest.
    /// Of so many keys one is asked for its memory; 0: none.
    std::uint64_t sample = 1;
    /// Has Redis weigh every element of a key: exact, and as long as the largest collection takes
    /// the server answers nobody else.
    bool exact = false;
    bool apply = false;  ///< Applies the remedies; without it they are only counted.
    std::function<void(const Instance&)> began;  ///< Before the first key.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress;
    std::function<void(const KeyNote&)> note;  ///< With `apply`: after the remedy.
};

/// Looks at every key of a Redis database once, in steps so small that others hardly notice.
/// A key that is there from the beginning to the end is seen; one that comes or goes meanwhile may
/// be. With `apply` it may be interrupted or killed anywhere and run again: remedies are never
/// applied twice, because each asks Redis whether it is still wanted.
/// Errors: database_rejected when Redis refuses a command that is needed, or cannot apply remedies
/// (a replica, older than 7); those of redis::Connection.
Report sweep(redis::Connection& connection, const Options& options);

}  // namespace caisson::cache
