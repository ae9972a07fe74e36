// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/queries/query.h"

namespace caisson::queries {
namespace {

bool is_there(int filter, int order, const Variant& variant) {
    return (filter < 0 || (variant.filters >> static_cast<unsigned>(filter) & 1U) != 0) &&
           (order < 0 || static_cast<std::size_t>(order) == variant.order);
}

/// `$n` of a parameter that the variant has.
std::string placeholder(const Query& query, const Variant& variant, const std::string& name) {
    const auto index = static_cast<std::size_t>(
        std::ranges::find(query.parameters, name, &Parameter::name) - query.parameters.begin());
    const auto found = std::ranges::find(variant.parameters, index);
    return fmt::format("${}", found - variant.parameters.begin() + 1);
}

Variant variant_of(const Query& query, unsigned filters, std::size_t order) {
    Variant variant{filters, order, {}, {}};
    for (std::size_t i = 0; i < query.parameters.size(); ++i) {
        if (std::ranges::any_of(query.parameters[i].uses, [&](const Parameter::Use& use) {
                return is_there(use.filter, use.order, variant);
            })) {
            variant.parameters.push_back(i);
        }
    }
    for (const auto& piece : query.pieces) {
        if (is_there(piece.filter, piece.order, variant)) {
            variant.sql +=
                piece.is_parameter ? placeholder(query, variant, piece.text) : piece.text;
        }
    }
    return variant;
}

}  // namespace

int Parameter::only_filter() const {
    const bool is_one = !uses.empty() && std::ranges::all_of(uses, [&](const Use& use) {
        return use.filter == uses.front().filter;
    });
    return is_one ? uses.front().filter : -1;
}

std::vector<Variant> variants_of(const Query& query) {
    std::vector<Variant> all;
    const auto sets = 1U << query.filters.size();
    for (unsigned filters = 0; filters < sets; ++filters) {
        for (std::size_t order = 0; order < std::max<std::size_t>(query.orders.size(), 1);
             ++order) {
            all.push_back(variant_of(query, filters, order));
        }
    }
    return all;
}

Place place_in(const Query& query, const Variant& variant, std::size_t byte) {
    sql::SourcePosition source;
    for (const auto& piece : query.pieces) {
        if (!is_there(piece.filter, piece.order, variant)) {
            continue;
        }
        const auto text = piece.is_parameter ? placeholder(query, variant, piece.text) : piece.text;
        source = piece.source;
        if (byte < text.size()) {
            source.advance(std::string_view(text).substr(0, piece.is_parameter ? 0 : byte));
            return {query.file, source.line, source.column};
        }
        byte -= text.size();
        if (!piece.is_parameter) {
            source.advance(text);
        }
    }
    return {query.file, source.line, source.column};
}

std::string name_of(const Query& query, const Variant& variant) {
    std::vector<std::string> filters;
    for (std::size_t i = 0; i < query.filters.size(); ++i) {
        if ((variant.filters >> i & 1U) != 0) {
            filters.push_back(query.filters[i].name);
        }
    }
    std::vector<std::string> parts;
    if (!query.filters.empty()) {
        parts.push_back(filters.empty()       ? "without a filter"
                        : filters.size() == 1 ? "with the filter " + filters.front()
                                              : "with the filters " + join(filters, ", "));
    }
    if (query.orders.size() > 1) {
        parts.push_back("in order " + query.orders[variant.order].name);
    }
    return join(parts, ", ");
}

}  // namespace caisson::queries
