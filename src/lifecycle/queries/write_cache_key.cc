// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lifecycle/queries/names.h"
#include "lifecycle/queries/schema_version.h"
#include "lifecycle/queries/writer.h"
#include "platform/key_pattern.h"

namespace caisson::queries {

void write_cache_key(Writer& header, Writer& source, const Described& described,
                     const std::vector<std::string>& parameters, std::string_view schema_version) {
    const auto& query = described.query;
    const auto name = identifier(query.name);
    const auto pattern = platform::parse_key_pattern(query.cache->pattern);
    std::vector<std::string> taken;
    std::vector<std::string> values;
    for (const auto& part : pattern.parts) {
        if (part.kind == platform::KeyPart::Kind::literal) {
            continue;
        }
        const auto found = std::ranges::find(query.parameters, part.text, &Parameter::name);
        if (found == query.parameters.end()) {
            continue;  // {tenant} and {role}: the session's.
        }
        const auto i = static_cast<std::size_t>(found - query.parameters.begin());
        const auto argument = parameter(*described.parameters[i], false, parameters[i]);
        if (std::ranges::find(taken, argument) == taken.end()) {
            taken.push_back(argument);
        }
        values.push_back(fmt::format("pg::text_of(pg::Arguments({}))", parameters[i]));
    }
    header.doc(fmt::format("Where answers of {}() may be kept, for Cache::get(): {}.", name,
                           query.cache->declared));
    header.doc("Answers of another schema, or of another query, are not seen.");
    header.call(fmt::format("pg::CacheKey {}_cache_key(", name), taken, ");");
    if (query.cache->ttl) {
        header.line("inline constexpr std::chrono::seconds {}_cache_ttl{{{}}};", name,
                    query.cache->ttl->count());
    }
    header.line("inline constexpr std::uint64_t {}_cache_version = 0x{:016x}U;", name,
                answers_version(described, schema_version));
    header.line();
    source.call(fmt::format("pg::CacheKey {}_cache_key(", name), taken, ") {");
    source.call(fmt::format("    return {{{}, {{", string_literal(query.cache->declared)), values,
                fmt::format("}}, {}_cache_version}};", name));
    source.line("}}");
    source.line();
}

}  // namespace caisson::queries
