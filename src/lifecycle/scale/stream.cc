// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/stream.h"

#include <utility>

#include <fmt/format.h>

namespace caisson::scale {
namespace {

constexpr std::size_t piece_size = std::size_t{256} << 10U;
constexpr std::size_t most_ready = 8;

}  // namespace

Encoder::Encoder(const Model& model, const Layout& layout, std::vector<Field> fields)
    : layout_(layout), fields_(std::move(fields)), row_(model, layout.table) {}

void Encoder::append(std::string& out, std::uint64_t row) {
    begin_row(out, fields_.size());
    append_fields(out, row);
}

void Encoder::append_numbered(std::string& out, std::uint64_t row) {
    begin_row(out, fields_.size() + 1);
    Value number;
    number.set_integer(static_cast<std::int64_t>(row));
    append_field(out, number, {Type::int8, "bigint"});
    append_fields(out, row);
}

void Encoder::append_fields(std::string& out, std::uint64_t row) {
    row_.seek(row);
    for (const auto& field : fields_) {
        try {
            append_field(out, row_.at(field.column), field.type);
        } catch (Error& error) {
            const auto& place = row_.table().columns[field.column].place;
            throw Error(error.code(),
                        fmt::format("{} in row {} of {}: {}", field.name, row + 1,
                                    layout_.name.text(), error.message()),
                        error.hint())
                .at(place);
        }
    }
}

Stream::Stream(const Model& model, const Layout& layout, const std::vector<Field>& fields,
               std::uint64_t first, std::uint64_t rows)
    : thread_(&Stream::make, this, Encoder(model, layout, fields), first, rows) {}

Stream::~Stream() {
    {
        const std::lock_guard lock(mutex_);
        given_up_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

bool Stream::give(std::string&& piece) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return given_up_ || ready_.size() < most_ready; });
    if (given_up_) {
        return false;
    }
    ready_.push_back(std::move(piece));
    if (!spare_.empty()) {
        piece = std::move(spare_.back());
        spare_.pop_back();
    }
    lock.unlock();
    changed_.notify_all();
    piece.clear();
    return true;
}

void Stream::make(Encoder encoder, std::uint64_t first, std::uint64_t rows) {
    std::exception_ptr failure;
    try {
        std::string piece(copy_header);
        bool wanted = true;
        for (std::uint64_t row = first; wanted && row < first + rows; ++row) {
            encoder.append(piece, row);
            if (piece.size() >= piece_size) {
                wanted = give(std::move(piece));
            }
        }
        if (wanted) {
            piece += copy_trailer;
            give(std::move(piece));
        }
    } catch (...) {
        failure = std::current_exception();
    }
    {
        const std::lock_guard lock(mutex_);
        failure_ = failure;
        whole_ = true;
    }
    changed_.notify_all();
}

std::string_view Stream::next() {
    std::unique_lock lock(mutex_);
    if (present_.capacity() >= piece_size) {
        spare_.push_back(std::move(present_));
    }
    changed_.wait(lock, [&] { return !ready_.empty() || whole_; });
    if (ready_.empty()) {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        return {};
    }
    present_ = std::move(ready_.front());
    ready_.pop_front();
    bytes_ += present_.size();
    lock.unlock();
    changed_.notify_all();
    return present_;
}

}  // namespace caisson::scale
