// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace caisson {

/// As std::optional, but the value lies elsewhere: for what is large and mostly absent, so that a
/// list of thousands stays small. Copies copy the value.
template <typename T>
class Boxed {
 public:
    Boxed() = default;
    Boxed(std::nullopt_t) {}                                           // NOLINT: as optional
    Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}  // NOLINT: as optional
    Boxed(std::optional<T> value) {                                    // NOLINT: as optional
        if (value) {
            value_ = std::make_unique<T>(*std::move(value));
        }
    }
    Boxed(const Boxed& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(Boxed other) noexcept {
        value_ = std::move(other.value_);
        return *this;
    }
    ~Boxed() = default;

    explicit operator bool() const { return value_ != nullptr; }
    bool has_value() const { return value_ != nullptr; }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return value_.get(); }
    const T* operator->() const { return value_.get(); }
    T& emplace() { return *(value_ = std::make_unique<T>()); }
    void reset() { value_.reset(); }

 private:
    std::unique_ptr<T> value_;
};

}  // namespace caisson
