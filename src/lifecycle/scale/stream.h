// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lifecycle/scale/layout.h"
#include "lifecycle/scale/model.h"

namespace caisson::scale {

/// Rows in the binary form of COPY, one after the other.
class Encoder {
 public:
    /// Only these fields of the layout, in this order.
    Encoder(const Model& model, const Layout& layout, std::vector<Field> fields);
    /// Errors: seed_failed, with the column's place and the number of the row.
    void append(std::string& out, std::uint64_t row);
    /// With the row's number as a bigint in front.
    void append_numbered(std::string& out, std::uint64_t row);

 private:
    void append_fields(std::string& out, std::uint64_t row);

    const Layout& layout_;
    std::vector<Field> fields_;
    Row row_;
};

/// The rows [first, first + rows) as the pieces of a whole COPY, made by a thread of its own while
/// others are sent. Bounded: at most eight pieces of some 256 kB wait. Threads: next() by one.
class Stream {
 public:
    Stream(const Model& model, const Layout& layout, const std::vector<Field>& fields,
           std::uint64_t first, std::uint64_t rows);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream();

    /// The next piece, which lives until the next call; an empty one at the end. Errors: as
    /// Encoder::append().
    std::string_view next();
    std::uint64_t bytes() const { return bytes_; }

 private:
    void make(Encoder encoder, std::uint64_t first, std::uint64_t rows);
    bool give(std::string&& piece);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> ready_;
    std::vector<std::string> spare_;
    std::exception_ptr failure_;
    bool whole_ = false;
    bool given_up_ = false;
    std::string present_;
    std::uint64_t bytes_ = 0;
    std::thread thread_;
};

}  // namespace caisson::scale
