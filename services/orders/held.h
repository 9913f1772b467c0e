#pragma once

#include <memory>
#include <utility>

#include "models/base/result.h"

namespace qd::orders {

/// An optional value that lives apart from its owner: empty it costs its owner a pointer. A copy
/// copies the value.
template <typename T>
class Boxed {
public:
    Boxed() = default;
    Boxed(T value) : m_value(std::make_unique<T>(std::move(value))) {}
    Boxed(const Boxed& other) : m_value(other ? std::make_unique<T>(*other) : nullptr) {}
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(Boxed other) noexcept
    {
        m_value = std::move(other.m_value);
        return *this;
    }
    ~Boxed() = default;

    explicit operator bool() const { return m_value != nullptr; }
    const T& operator*() const { return *m_value; }
    const T* operator->() const { return m_value.get(); }

private:
    std::unique_ptr<T> m_value;
};

/// As `Boxed`, but a copy shares the value, which from then on nobody changes any more.
template <typename T>
class Shared {
public:
    Shared() = default;
    Shared(T value) : m_value(std::make_shared<T>(std::move(value))) {}

    explicit operator bool() const { return m_value != nullptr; }
    const T& operator*() const { return *m_value; }
    const T* operator->() const { return m_value.get(); }
    /// While there is no copy.
    T& edit()
    {
        QD_ASSERT(m_value.use_count() == 1);
        return *m_value;
    }

private:
    std::shared_ptr<T> m_value;
};

} // namespace qd::orders
