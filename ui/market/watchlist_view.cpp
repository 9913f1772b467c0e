#include "ui/market/watchlist_view.h"

#include <QInputDialog>
#include <QKeyEvent>
#include <QMenu>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/field.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kNameMax = 32;

} // namespace

WatchlistView::WatchlistView(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_model(new WatchlistTableModel(desk, this)),
      m_table(new DataTable(theme, QStringLiteral("watchlist"), tr("Watchlist"), this)),
      m_listButton(makeButton({}, QStringLiteral("watchlistName"), "quiet", this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_table);
    m_table->setRowModel(m_model);
    m_table->setEmptyText(tr("No symbols yet"), tr("Press Ctrl+K and type a symbol to add one."));
    m_table->setDragDropMode(QAbstractItemView::DragDrop);
    m_table->setDefaultDropAction(Qt::MoveAction);
    m_table->setDragDropOverwriteMode(false);
    m_table->setDropIndicatorShown(true);
    m_table->installEventFilter(this);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_table, &QWidget::customContextMenuRequested, this, &WatchlistView::showMenu);
    connect(m_table, &DataTable::currentItemChanged, this, [this](int item) {
        if (item >= 0) m_desk.select(m_model->symbolOf(item));
    });
    auto* menu = new QMenu(m_listButton);
    m_listButton->setMenu(menu);
    connect(menu, &QMenu::aboutToShow, this, &WatchlistView::fillListMenu);
    connect(&desk, &Desk::watchlistChanged, this, &WatchlistView::showListName);
    showListName();
    connect(&desk, &Desk::symbolChanged, this, &WatchlistView::followSelection);
    connect(m_model, &QAbstractItemModel::modelReset, this, &WatchlistView::followSelection);
    followSelection();
}

void WatchlistView::followSelection()
{
    const int row = m_model->rowOf(m_model->itemOf(m_desk.symbol()));
    if (row < 0) {
        m_table->clearSelection();
        return;
    }
    if (m_table->currentIndex().row() != row) m_table->setCurrentIndex(m_model->index(row, 0));
}

void WatchlistView::showListName()
{
    const Desk::Watchlist& list = m_desk.watchlists()[m_desk.shownWatchlist()];
    m_listButton->setText(list.name + QStringLiteral("  ") + QString::number(list.symbols.size()));
    m_listButton->setAccessibleName(tr("Watchlist %1").arg(list.name));
}

void WatchlistView::fillListMenu()
{
    QMenu* menu = m_listButton->menu();
    menu->clear();
    for (std::size_t i = 0; i < m_desk.watchlists().size(); ++i) {
        QAction* action = menu->addAction(m_desk.watchlists()[i].name);
        action->setCheckable(true);
        action->setChecked(i == m_desk.shownWatchlist());
        connect(action, &QAction::triggered, this, [this, i] { m_desk.showWatchlist(i); });
    }
    menu->addSeparator();
    menu->addAction(tr("New list…"), this, [this] { askName(true); })
        ->setEnabled(m_desk.watchlists().size() < Desk::kWatchlistsMax);
    menu->addAction(tr("Rename this list…"), this, [this] { askName(false); });
    menu->addAction(tr("Remove this list"), this, [this] { m_desk.removeWatchlist(); })
        ->setEnabled(m_desk.watchlists().size() > 1);
}

void WatchlistView::askName(bool isNew)
{
    auto* dialog = new QInputDialog(window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setObjectName(QStringLiteral("watchlistNameDialog"));
    dialog->setWindowTitle(isNew ? tr("New watchlist") : tr("Rename the watchlist"));
    dialog->setLabelText(tr("Name, not used by another list:"));
    if (!isNew) dialog->setTextValue(m_desk.watchlists()[m_desk.shownWatchlist()].name);
    connect(dialog, &QInputDialog::textValueSelected, this, [this, isNew](const QString& text) {
        const QString name = format::plain(text.toStdString(), kNameMax);
        const bool done = isNew ? m_desk.addWatchlist(name) : m_desk.renameWatchlist(name);
        if (!done) {
            m_desk.tell(client::Severity::Warning, tr("The list keeps its name"),
                        tr("A list needs a name of its own."));
        }
    });
    dialog->open();
}

void WatchlistView::showMenu(const QPoint& at)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Add a symbol…"), this, &WatchlistView::symbolWanted);
    const QModelIndex index = m_table->indexAt(at);
    if (index.isValid()) {
        const Symbol symbol = m_model->symbolOf(m_model->itemAt(index.row()));
        menu->addAction(tr("Remove from the watchlist"), this,
                        [this, symbol] { m_desk.unwatch(symbol); });
    }
    menu->addSeparator();
    menu->addAction(tr("Export as CSV…"), m_table, &DataTable::exportCsv);
    menu->popup(m_table->viewport()->mapToGlobal(at));
}

bool WatchlistView::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_table || event->type() != QEvent::KeyPress) {
        return QWidget::eventFilter(watched, event);
    }
    const auto* key = static_cast<QKeyEvent*>(event);
    const int item = m_table->currentItem();
    const bool alt = key->modifiers().testFlag(Qt::AltModifier);
    if (alt && item >= 0 && (key->key() == Qt::Key_Up || key->key() == Qt::Key_Down)) {
        m_model->move(item, key->key() == Qt::Key_Up ? -1 : 1);
        return true;
    }
    if (key->key() == Qt::Key_Delete && item >= 0) {
        m_desk.unwatch(m_model->symbolOf(item));
        return true;
    }
    if (key->key() == Qt::Key_Insert) {
        Q_EMIT symbolWanted();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace qd::ui
