// SPDX-License-Identifier: Apache-2.0
// Arrays, composites and ranges, cut into what they consist of.
#include <utility>

#include "drivers/pg/bytes.h"
#include "drivers/pg/codec.h"
#include "drivers/pg/nested_text.h"

namespace caisson::pg::detail {
namespace {

/// A value with its length before it, as they stand inside arrays, composites and ranges.
Field take_value(Cursor& in, TypeId type) {
    const auto size = in.take<std::int32_t>();
    if (size < 0) {
        return {type, true, true, {}};
    }
    return {type, true, false, in.take(static_cast<std::size_t>(size))};
}

constexpr std::int32_t most_dimensions = 6;  ///< Source: MAXDIM.

/// What stands before the elements of an array.
struct Header {
    std::int32_t dimensions = 0;
    std::int32_t has_null = 0;
    TypeId type = type::unknown;
    std::int32_t size = 0;  ///< Of the first dimension.
    std::string_view rest;  ///< The size and lower bound of the others.
};

Header take_header(Cursor& in) {
    Header header;
    header.dimensions = in.take<std::int32_t>();
    header.has_null = in.take<std::int32_t>();
    header.type = in.take<TypeId>();
    in.fine = in.fine && header.dimensions >= 0 && header.dimensions <= most_dimensions;
    if (in.fine && header.dimensions > 0) {
        header.size = in.take<std::int32_t>();
        in.take<std::int32_t>();
        header.rest = in.take(static_cast<std::size_t>(header.dimensions - 1) * 8);
        in.fine = in.fine && header.size >= 0;
    }
    return header;
}

/// How many elements each array of one dimension less has.
std::int64_t size_of_rest(std::string_view rest) {
    std::int64_t size = 1;
    for (Cursor in{rest}; !in.left.empty();) {
        const auto next = in.take<std::int32_t>();
        in.take<std::int32_t>();
        if (next < 0 || __builtin_mul_overflow(size, std::int64_t{next}, &size)) {
            return -1;
        }
    }
    return size;
}

/// The next elements, with a header of their own before them.
std::string take_nested(Cursor& in, const Header& header) {
    const auto* const begin = in.left.data();
    const auto size = size_of_rest(header.rest);
    // There is no array of empty arrays, and each element takes at least its length.
    in.fine = in.fine && size > 0 && size <= static_cast<std::int64_t>(in.left.size() / 4);
    for (std::int64_t i = 0; i < size && in.fine; ++i) {
        take_value(in, header.type);
    }
    std::string array;
    if (in.fine) {
        put(array, header.dimensions - 1);
        put(array, header.has_null);
        put(array, header.type);
        array += header.rest;
        array.append(begin, static_cast<std::size_t>(in.left.data() - begin));
    }
    return array;
}

Pieces elements_in_binary(const Field& array, bool of_arrays) {
    Cursor in{array.bytes};
    Pieces pieces;
    const auto header = take_header(in);
    if (in.fine && header.dimensions > 0 && (header.dimensions > 1) != of_arrays) {
        fail_decoding(array, of_arrays ? "an array of arrays" : "an array of one dimension");
    }
    for (std::int32_t i = 0; i < header.size && in.fine; ++i) {
        if (of_arrays) {
            pieces.made.push_front(take_nested(in, header));
            pieces.fields.push_back({array.type, true, false, pieces.made.front()});
        } else {
            pieces.fields.push_back(take_value(in, header.type));
        }
    }
    if (!in.fine) {
        fail_decoding(array, "an array");
    }
    return pieces;
}

}  // namespace

Pieces elements_of(const Field& array, bool of_arrays) {
    if (array.is_null) {
        fail_decoding(array, "an array");
    }
    if (array.binary) {
        return elements_in_binary(array, of_arrays);
    }
    Pieces pieces;
    if (!cut_array_text(array.bytes, array.type, of_arrays, pieces)) {
        fail_decoding(array, of_arrays ? "an array of arrays" : "an array of one dimension");
    }
    return pieces;
}

Pieces members_of(const Field& composite) {
    if (composite.is_null) {
        fail_decoding(composite, "a composite");
    }
    Pieces pieces;
    if (!composite.binary) {
        if (!cut_composite_text(composite.bytes, pieces)) {
            fail_decoding(composite, "a composite");
        }
        return pieces;
    }
    Cursor in{composite.bytes};
    const auto count = in.take<std::int32_t>();
    for (std::int32_t i = 0; i < count && in.fine; ++i) {
        const auto type = in.take<TypeId>();
        pieces.fields.push_back(take_value(in, type));
    }
    if (!in.fine) {
        fail_decoding(composite, "a composite");
    }
    return pieces;
}

static Bounds bounds_in_text(const Field& range) {
    Bounds bounds;
    RangeText text;
    if (!cut_range_text(range.bytes, bound_of(range.type), text, bounds.pieces)) {
        fail_decoding(range, "a range");
    }
    bounds.flags = static_cast<std::uint8_t>((text.is_empty ? range_empty : 0) |
                                             (text.includes_lower ? range_includes_lower : 0) |
                                             (text.includes_upper ? range_includes_upper : 0) |
                                             (bounds.lower().is_null ? range_lower_infinite : 0) |
                                             (bounds.upper().is_null ? range_upper_infinite : 0));
    return bounds;
}

Bounds bounds_of(const Field& range) {
    if (range.is_null) {
        fail_decoding(range, "a range");
    }
    if (!range.binary) {
        return bounds_in_text(range);
    }
    Cursor in{range.bytes};
    Bounds bounds;
    bounds.flags = in.take<std::uint8_t>();
    const auto type = bound_of(range.type);
    const bool is_empty = (bounds.flags & range_empty) != 0;
    for (const auto infinite : {range_lower_infinite, range_upper_infinite}) {
        bounds.pieces.fields.push_back(is_empty || (bounds.flags & infinite) != 0
                                           ? Field{type, true, true, {}}
                                           : take_value(in, type));
    }
    if (!in.fine) {
        fail_decoding(range, "a range");
    }
    return bounds;
}

}  // namespace caisson::pg::detail
