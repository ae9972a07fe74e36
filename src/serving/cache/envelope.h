// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "serving/cache/registry.h"
#include "serving/cache/value.h"

namespace caisson::cache {

/// A value as it stands in Redis: what tells whether it may be used, and its bytes. `version` is
/// of whoever wrote it: the schema and the shape of the values; `identity` of the key. Pure.
std::string seal(const Value& value, std::uint64_t version, const Identity& identity);
/// Nothing for what was sealed with another version or for another key, or is no sealed value at
/// all. Pure.
std::shared_ptr<Value> unseal(std::string_view bytes, std::uint64_t version,
                              const Identity& identity);
/// Whatever it was sealed with, for who only looks. Pure.
std::shared_ptr<Value> unseal_any(std::string_view bytes);
/// A version of any text, such as the hash of a schema.
std::uint64_t version_of(std::string_view text);

}  // namespace caisson::cache
