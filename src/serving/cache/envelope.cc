// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/envelope.h"

#include <charconv>

#include "base/crypto.h"

namespace caisson::cache {
namespace {

constexpr std::string_view magic = "CC02";

void add(std::string& bytes, std::uint64_t number) {
    for (unsigned i = 0; i < 8; ++i) {
        bytes += static_cast<char>(number >> (8 * i));
    }
}

std::uint64_t take(std::string_view& bytes) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < 8; ++i) {
        number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    bytes.remove_prefix(8);
    return number;
}

std::uint64_t number_of(Value::Clock::time_point moment) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count());
}

Value::Clock::time_point moment_of(std::uint64_t number) {
    return Value::Clock::time_point(std::chrono::milliseconds(number));
}

constexpr std::size_t header = 4 + 10 * 8;

}  // namespace

std::string seal(const Value& value, std::uint64_t version, const Identity& identity) {
    std::string bytes;
    bytes.reserve(header + value.bytes.size());
    bytes += magic;
    add(bytes, version);
    add(bytes, identity[0]);
    add(bytes, identity[1]);
    add(bytes, value.epoch);
    add(bytes, value.position);
    add(bytes, number_of(value.made));
    add(bytes, number_of(value.fresh));
    add(bytes, number_of(value.expires));
    add(bytes, static_cast<std::uint64_t>(value.cost.count()));
    add(bytes, value.is_nothing ? 1 : 0);
    bytes += value.bytes;
    return bytes;
}

namespace {

bool is_sealed(std::string_view bytes) {
    return bytes.size() >= header && bytes.starts_with(magic);
}

/// What stands behind the version and the identity.
std::shared_ptr<Value> value_of(std::string_view bytes) {
    auto value = std::make_shared<Value>();
    value->epoch = take(bytes);
    value->position = take(bytes);
    value->made = moment_of(take(bytes));
    value->fresh = moment_of(take(bytes));
    value->expires = moment_of(take(bytes));
    value->cost = std::chrono::microseconds(static_cast<std::int64_t>(take(bytes)));
    value->is_nothing = take(bytes) != 0;
    value->bytes = bytes;
    return value;
}

}  // namespace

std::shared_ptr<Value> unseal(std::string_view bytes, std::uint64_t version,
                              const Identity& identity) {
    if (!is_sealed(bytes)) {
        return nullptr;
    }
    bytes.remove_prefix(magic.size());
    const bool is_of_version = take(bytes) == version;
    const Identity sealed = {take(bytes), take(bytes)};
    return is_of_version && sealed == identity ? value_of(bytes) : nullptr;
}

std::shared_ptr<Value> unseal_any(std::string_view bytes) {
    return is_sealed(bytes) ? value_of(bytes.substr(magic.size() + 3 * 8)) : nullptr;
}

std::uint64_t version_of(std::string_view text) {
    std::uint64_t version = 0;
    const auto digits = sha256_hex(text).substr(0, 16);
    std::from_chars(digits.data(), digits.data() + digits.size(), version, 16);
    return version;
}

}  // namespace caisson::cache
