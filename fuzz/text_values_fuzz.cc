// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a value of any type, in text or in binary (the first byte says which), or refused
/// as one. What was read in text and is written again means the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "drivers/pg/codec.h"
#include "drivers/pg/interval_text.h"
#include "drivers/pg/text_format.h"

namespace {

using namespace caisson::pg;

template <typename T>
std::optional<T> read(const Field& field) {
    try {
        return decode<T>(field);
    } catch (const caisson::Error&) {
        return std::nullopt;  // Refused, which is fine; anything else that is thrown ends the
                              // program.
    }
}

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_scalars(Field field) {
    field.type = type::interval;
    if (const auto interval = read<Interval>(field); interval && !field.binary) {
        Interval again;
        const auto time = interval->time.count();
        const auto fraction = std::to_string(1'000'000 + std::abs(time % 1'000'000));
        require(parse_interval("P" + std::to_string(interval->months) + "M" +
                                   std::to_string(interval->days) + "DT" + (time < 0 ? "-" : "") +
                                   std::to_string(std::abs(time / 1'000'000)) + "." +
                                   fraction.substr(1) + "S",
                               again) &&
                again == *interval);
    }
    field.type = type::timestamptz;
    if (const auto moment = read<Timestamp>(field)) {
        Timestamp again;
        require(parse_timestamp(write_timestamp(*moment), again) && again == *moment);
    }
    field.type = type::date;
    if (const auto date = read<Date>(field); date && !field.binary) {
        auto text = write_date(*date);
        const auto time = text.find(" 00:00:00+00");
        text.erase(time == std::string::npos ? text.size() : time,
                   std::string_view(" 00:00:00+00").size());
        Date again;
        require(parse_date(text, again) && again == *date);
    }
    field.type = type::time;
    read<Time>(field);
    field.type = type::numeric;
    read<Numeric>(field);
    read<double>(field);
    field.type = type::inet;
    read<Inet>(field);
    field.type = type::bytea;
    read<Bytes>(field);
    field.type = type::uuid;
    read<Uuid>(field);
}

void read_shapes(Field field) {
    using Strings = std::vector<std::optional<std::string>>;
    for (const TypeId array : {array_of(type::text), TypeId{1020}}) {
        field.type = array;
        const auto flat = read<Strings>(field);
        const auto nested = read<std::vector<Strings>>(field);
        // An array has the dimensions that it has, unless it is empty.
        require(!flat || !nested || (flat->empty() && nested->empty()));
        read<std::vector<std::vector<Strings>>>(field);
    }
    field.type = array_of(type::interval);
    read<std::vector<Interval>>(field);
    field.type = type::record;
    read<std::tuple<std::optional<std::string>>>(field);
    read<std::tuple<std::int32_t, std::optional<std::string>>>(field);
    read<std::tuple<Strings, Range<Timestamp>, std::tuple<std::optional<std::string>, Interval>>>(
        field);
    field.type = type::tstzrange;
    read<Range<Timestamp>>(field);
    field.type = type::int8range;
    if (const auto range = read<Range<std::int64_t>>(field); range && range->is_empty) {
        require(!range->lower && !range->upper);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    // Exactly as large as it is, so that a byte too far is seen.
    const std::vector<char> value(bytes + 1, bytes + size);
    const Field field{type::unknown, bytes[0] == 'b', false,
                      std::string_view(value.data(), value.size())};
    read_scalars(field);
    read_shapes(field);
    return 0;
}
