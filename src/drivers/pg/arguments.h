// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is bound to $1, $2, … of a statement that a lane sends: typed, and sent in binary.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/codec.h"

namespace caisson::pg {

/// Values in the order of the placeholders: `Arguments(42, name, std::nullopt)`. A value need not
/// have the type that the server expects: integers are made wider or narrower where they fit, and
/// whatever else differs is sent as text, which the server reads as it reads a literal. Errors of
/// whoever sends them: usage when an integer does not fit.
class Arguments {
 public:
    Arguments() = default;
    template <typename First, typename... Rest,
              typename = std::enable_if_t<!std::is_same_v<std::decay_t<First>, Arguments>>>
    explicit Arguments(const First& first, const Rest&... rest) {
        add(first);
        (add(rest), ...);
    }

    template <typename T>
    void add(const T& value) {
        if constexpr (std::is_same_v<T, std::nullopt_t>) {
            add_slot({type::unknown, -1, static_cast<std::uint32_t>(bytes_.size())});
        } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            add_value(type::text, std::string_view(value));
        } else if constexpr (std::is_enum_v<T>) {
            add_value(type_id<T>, value);
        } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
            static_assert(sizeof(T) < 8 || std::is_signed_v<T>, "an int8 is signed");
            using Sent = std::conditional_t<
                (sizeof(T) < 2 || (sizeof(T) == 2 && std::is_signed_v<T>)), std::int16_t,
                std::conditional_t<(sizeof(T) < 4 || (sizeof(T) == 4 && std::is_signed_v<T>)),
                                   std::int32_t, std::int64_t>>;
            add_value(type_id<Sent>, static_cast<Sent>(value));
        } else {
            add_shape(value);
        }
    }

    std::size_t size() const { return size_; }

    /// One value, as it will be sent.
    struct Slot {
        TypeId type = type::unknown;
        std::int32_t size = -1;  ///< Bytes; -1 for NULL.
        std::uint32_t begin = 0;
    };
    const Slot& slot(std::size_t index) const {
        return index < first_.size() ? first_[index] : more_[index - first_.size()];
    }
    const char* data(const Slot& value) const { return bytes_.data() + value.begin; }
    /// The value as a Field, for reading it back.
    Field field(std::size_t index) const;
    /// Changes what differs from what the statement expects; see above. What is sent as text has
    /// the type 0 from then on. Errors: usage for another number of values, one that does not fit,
    /// and one with a zero byte where it must be sent as text.
    void fit(const std::vector<TypeId>& wanted);

 private:
    void fit_one(std::size_t index, TypeId wanted);
    template <typename T>
    void add_shape(const std::optional<T>& value) {
        value ? add(*value) : add(std::nullopt);
    }
    template <typename T>
    void add_shape(const std::vector<T>& values) {
        using Element = typename detail::Element<T>::Type;
        static_assert(type_id<Element> != type::unknown, "no type of the server is known for it");
        add_value(array_of(type_id<Element>), values);
    }
    template <typename T>
    void add_shape(const T& value) {
        static_assert(type_id<T> != type::unknown, "no type of the server is known for it");
        add_value(type_id<T>, value);
    }
    template <typename T>
    void add_value(TypeId id, const T& value) {
        const auto begin = bytes_.size();
        encode(bytes_, value);
        // A zero byte stands between values, so that one sent as text has its end.
        add_slot({id, static_cast<std::int32_t>(bytes_.size() - begin),
                  static_cast<std::uint32_t>(begin)});
        bytes_.push_back('\0');
    }

    void add_slot(const Slot& slot) {
        if (size_ < first_.size()) {
            first_[size_] = slot;
        } else {
            more_.push_back(slot);
        }
        ++size_;
    }
    Slot& at(std::size_t index) {
        return index < first_.size() ? first_[index] : more_[index - first_.size()];
    }

    std::string bytes_;
    std::array<Slot, 4> first_;  ///< Most statements have no more, and need no memory for them.
    std::vector<Slot> more_;
    std::size_t size_ = 0;
};

}  // namespace caisson::pg
