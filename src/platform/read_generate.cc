// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/reading.h"
#include "platform/reserved_words.h"

namespace caisson::platform {
namespace {

bool is_word(std::string_view text) {
    return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
           std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

bool is_namespace(const std::string& text) {
    const auto parts = split(replace_all(text, "::", "."), '.');
    return !parts.empty() && text.find('.') == std::string::npos &&
           std::ranges::all_of(parts, is_word);
}

/// The part of a namespace that cannot be one; empty when there is none.
std::string reserved_part(const std::string& text) {
    const auto parts = split(replace_all(text, "::", "."), '.');
    const auto found =
        std::ranges::find_if(parts, [](const std::string& part) { return is_reserved_word(part); });
    return found == parts.end() ? std::string() : *found;
}

}  // namespace

void read_generate(Reading& reading) {
    const Node* const section = reading.document.find("generate");
    if (!section) {
        return;
    }
    auto& generate = reading.manifest.generate;
    generate.directory = text_of(*section, "out", generate.directory);
    generate.name_space = text_of(*section, "namespace");
    generate.removed = text_of(*section, "removed", generate.removed);
    if (section->find("version")) {
        generate.version = texts_of(*section, "version");
    }
    if (!generate.name_space.empty() && !is_namespace(generate.name_space)) {
        reading.mistake(section->find("namespace")->place,
                        fmt::format("generate.namespace is \"{}\"; expected a namespace of C++, "
                                    "such as kyb or acme::kyb",
                                    generate.name_space));
    } else if (const auto part = reserved_part(generate.name_space); !part.empty()) {
        reading.mistake(section->find("namespace")->place,
                        fmt::format("generate.namespace is \"{}\", and \"{}\" has a meaning of its "
                                    "own in C++ or in generated code; expected another name, such "
                                    "as acme::kyb",
                                    generate.name_space, part));
    }
    for (const auto& order : members_of(*section, "order")) {
        auto& columns = generate.orders[order.key];
        for (const auto& column : order.value.items) {
            columns.push_back(column.text);
        }
        generate.order_places[order.key] = order.value.place;
        if (columns.empty()) {
            reading.mistake(order.value.place,
                            "an order of no columns; expected at least one, such as \"created_at "
                            "desc\"");
        }
    }
}

}  // namespace caisson::platform
