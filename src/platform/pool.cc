// SPDX-License-Identifier: Apache-2.0
#include "platform/pool.h"

#include <fmt/format.h>

#include "platform/resolver.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

/// More than any server lets in.
constexpr std::int64_t most_connections = 100'000;
/// Moments so far away are still moments that a clock can count to.
constexpr std::chrono::hours longest{24 * 3650};

class Reader {
 public:
    explicit Reader(Resolver& resolver) : resolver_(resolver) {}

    std::optional<std::size_t> count(const char* name, const std::string& written,
                                     std::int64_t least) {
        const auto text = resolver_.text(written);
        if (text.empty()) {
            return std::nullopt;
        }
        const auto number = parse_integer(text);
        if (!number || *number < least || *number > most_connections) {
            refuse(name, text, fmt::format("an integer from {} to {}", least, most_connections));
            return std::nullopt;
        }
        return static_cast<std::size_t>(*number);
    }
    std::optional<std::chrono::milliseconds> time(const char* name, const std::string& written) {
        const auto text = resolver_.text(written);
        if (text.empty()) {
            return std::nullopt;
        }
        const auto value = parse_duration(text);
        if (!value || value->count() < 1 || *value > longest) {
            refuse(name, text, "a duration from 1ms to 3650d, such as \"30s\"");
            return std::nullopt;
        }
        return value;
    }
    std::optional<bool> boolean(const char* name, const std::string& written) {
        const auto text = resolver_.text(written);
        if (text.empty()) {
            return std::nullopt;
        }
        const auto value = parse_boolean(text);
        if (!value) {
            refuse(name, text, "true or false");
        }
        return value;
    }

 private:
    void refuse(const char* name, const std::string& text, const std::string& expected) {
        resolver_.note(fmt::format("pool.{} is \"{}\"; expected {}", name, text, expected));
    }
    Resolver& resolver_;
};

}  // namespace

PoolSettings pool_settings(const Manifest& manifest, const Environment& environment,
                           const Database& database, const Variables& variables) {
    const auto& written = database.pool;
    Resolver resolver(manifest, environment, variables);
    Reader read(resolver);
    PoolSettings pool;
    pool.min = read.count("min", written.min, 0);
    pool.max = read.count("max", written.max, 1);
    pool.acquire = read.time("acquire", written.acquire);
    pool.idle = read.time("idle", written.idle);
    pool.lifetime = read.time("lifetime", written.lifetime);
    pool.reap = read.time("reap", written.reap);
    pool.retry = read.time("retry", written.retry);
    pool.fail_at_once = read.boolean("fail_at_once", written.fail_at_once);
    if (pool.min && pool.max && *pool.min > *pool.max) {
        resolver.note(fmt::format("pool.min is {} and pool.max {}; expected no more than that",
                                  *pool.min, *pool.max));
    }
    resolver.finish(written.place);
    return pool;
}

}  // namespace caisson::platform
