#pragma once

#include <memory>
#include <utility>

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

/// As `Boxed`, but a copy shares the value. Changed and let go of on one thread only.
template <typename T>
class Shared {
public:
    Shared() = default;
    Shared(T value) : m_value(std::make_shared<T>(std::move(value))) {}

    explicit operator bool() const { return m_value != nullptr; }
    const T& operator*() const { return *m_value; }
    const T* operator->() const { return m_value.get(); }
    /// To change it for this holder alone: what others share stays as it is.
    T& own()
    {
        if (m_value.use_count() != 1) m_value = std::make_shared<T>(*m_value);
        return *m_value;
    }
    /// To tell all who share it what was not known yet.
    T& amend() { return *m_value; }

private:
    std::shared_ptr<T> m_value;
};

} // namespace qd::orders
