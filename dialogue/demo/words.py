"""What the demonstration company's records say, in the company's language; people, firms and towns are shared by all."""

from __future__ import annotations

# Given name, family name, sex. Invented; addresses stand at example.org.
PEOPLE = (
    ("Анна", "Ковальчук", "f"), ("Ion", "Țurcanu", "m"), ("Ольга", "Смирнова", "f"), ("Сергей", "Труднев", "m"),
    ("Ștefania", "Popescu", "f"), ("Тарас", "Шевчук", "m"), ("Maria", "Ionescu", "f"), ("Дмитро", "Бондаренко", "m"),
    ("Elena", "Rusu", "f"), ("Юлия", "Зайцева", "f"), ("Andrei", "Munteanu", "m"), ("Олександр", "Гнатюк", "m"),
    ("Natalia", "Ciobanu", "f"), ("Иван", "Коновалов", "m"), ("Kateryna", "Lysenko", "f"), ("Peter", "Hoffmann", "m"),
    ("Лариса", "Мельник", "f"), ("Mihai", "Dumitrescu", "m"), ("Оксана", "Кравець", "f"), ("Viktor", "Balan", "m"),
    ("Светлана", "Орлова", "f"), ("Alexandru", "Stan", "m"), ("Ірина", "Поліщук", "f"), ("John", "Whitfield", "m"),
    ("Галина", "Романюк", "f"), ("Cristina", "Lupu", "f"), ("Павел", "Егоров", "m"), ("Ana-Maria", "Vlad", "f"),
    ("Богдан", "Савченко", "m"), ("Наталья", "Щербакова", "f"), ("Gheorghe", "Cojocaru", "m"), ("Emily", "Carter", "f"),
    ("Роман", "Ткачук", "m"), ("Doina", "Moraru", "f"), ("Максим", "Иванов", "m"), ("Радмила", "Белоус", "f"),
    ("Vasile", "Grosu", "m"), ("Тетяна", "Олійник", "f"), ("Артур", "Говорухин", "m"), ("Ioana", "Marin", "f"),
    ("Евгений", "Литвин", "m"), ("Liliana", "Ceban", "f"), ("Костянтин", "Мороз", "m"), ("Sofia", "Petrova", "f"),
    ("Надежда", "Петровна", "f"), ("Radu", "Enache", "m"), ("Людмила", "Гончар", "f"), ("Thomas", "Berger", "m"),
    ("Вера", "Соколова", "f"), ("Octavian", "Rotaru", "m"), ("Микола", "Дяченко", "m"), ("Inna", "Cazacu", "f"),
)  # fmt: skip
# Name, town, country, line of business (an index into LINES).
FIRMS = (
    ("RetailGroup", "Київ", "UA", 0), ("ООО «Автопром»", "Москва", "RU", 1), ("Șantier Grup SRL", "Chișinău", "MD", 2),
    ("Детский мир", "Одеса", "UA", 0), ("LookGood", "București", "RO", 0), ("ТОВ «Новобуд»", "Львів", "UA", 2),
    ("Компания СЕЛЕКТ", "Алматы", "KZ", 3), ("Farmacia Vita SA", "Iași", "RO", 4), ("Sun rise", "Bălți", "MD", 5),
    ("Хотелс Тур", "Харків", "UA", 5), ("Юникомсофт", "Минск", "BY", 3), ("Überseering & Söhne", "Leipzig", "DE", 1),
    ("Avalux Motors", "Cluj-Napoca", "RO", 1), ("Moldagro Plus SRL", "Orhei", "MD", 6), ("Инвестбай", "Казань", "RU", 3),
    ("ФОП Кравець", "Чернівці", "UA", 6), ("Librăria Cartier", "Chișinău", "MD", 0), ("Blue River Ltd", "London", "GB", 5),
    ("Теплодім", "Дніпро", "UA", 2), ("Dental Art SRL", "Timișoara", "RO", 4),
)  # fmt: skip
TOWNS = ("Київ", "Chișinău", "Москва", "București", "Одеса", "Львів", "Iași", "Bălți", "Харків", "Cluj-Napoca")
BUDGETS = (
    100_000, 100_000, 500_000, 250_000, 580_000, 1_520_000, 1_200_000, 1_250_000, 950_000, 1_500_000, 15_000, 980_000,
    1_350_000, 58_000, 340_000, 180_000, 45_000, 620_000, 75_500, 410_000, 230_000, 890_000, 128_000, 36_000,
)  # fmt: skip

LINES = {
    "en": ("Retail", "Cars", "Construction", "Software", "Health", "Travel", "Farming"),
    "ru": ("Розница", "Автомобили", "Строительство", "Программы", "Здоровье", "Туризм", "Сельское хозяйство"),
    "uk": ("Роздріб", "Автомобілі", "Будівництво", "Програми", "Здоров’я", "Туризм", "Сільське господарство"),
    "ro": ("Comerț", "Automobile", "Construcții", "Programe", "Sănătate", "Turism", "Agricultură"),
}
FIELD_LINE = {"en": "Line of business", "ru": "Отрасль", "uk": "Галузь", "ro": "Domeniu"}
FIELD_STAFF = {"en": "Number of staff", "ru": "Число сотрудников", "uk": "Кількість працівників", "ro": "Număr de angajați"}
FIELD_TURNOVER = {"en": "Yearly turnover", "ru": "Годовой оборот", "uk": "Річний оборот", "ro": "Cifra de afaceri anuală"}
TAGS = {
    "en": ("key account", "exhibition 2026", "newsletter", "price list sent"),
    "ru": ("ключевой клиент", "выставка 2026", "рассылка", "прайс отправлен"),
    "uk": ("ключовий клієнт", "виставка 2026", "розсилка", "прайс надіслано"),
    "ro": ("client cheie", "expoziția 2026", "buletin", "ofertă trimisă"),
}
POSITIONS = {
    "en": ("Director", "Head of purchasing", "Marketing manager", "Accountant", "Owner", "Engineer"),
    "ru": ("Директор", "Начальник отдела закупок", "Менеджер по маркетингу", "Бухгалтер", "Владелец", "Инженер"),
    "uk": ("Директор", "Начальник відділу закупівель", "Менеджер з маркетингу", "Бухгалтер", "Власник", "Інженер"),
    "ro": ("Director", "Șef achiziții", "Manager de marketing", "Contabil", "Proprietar", "Inginer"),
}
DEALS = {
    "en": (
        "Audit", "Support around the clock", "Online shop", "Partner portal", "Fashion online shop", "Two corporate sites",
        "Online shop and stock", "Bank’s corporate site", "Clothes shop, second stage", "Large project", "Support 24/7",
        "Corporate site", "Business catalogue", "Site and portal", "Move to a new system", "Hotel catalogue", "Landing page",
        "Loyalty programme", "Letter templates", "Call centre", "Delivery tracking", "Customer database", "Brand book", "Training",
    ),
    "ru": (
        "Аудит", "Тех. поддержка", "Интернет-магазин", "Портал для партнёров", "ИМ одежды", "2 корп. сайта",
        "Интернет-магазин и склад", "Корп. сайт банка", "Магазин одежды, второй этап", "Большой проект", "ТП 24x7",
        "Корп. сайт", "Деловой каталог", "Корп. сайт + портал", "Переход на новую систему", "Каталог отелей", "Посадочная страница",
        "Программа лояльности", "Шаблоны писем", "Контактный центр", "Отслеживание доставки", "База клиентов", "Фирменный стиль",
        "Обучение",
    ),
    "uk": (
        "Аудит", "Технічна підтримка", "Інтернет-магазин", "Портал для партнерів", "Магазин одягу", "2 корпоративні сайти",
        "Інтернет-магазин і склад", "Корпоративний сайт банку", "Магазин одягу, другий етап", "Великий проєкт", "Підтримка 24/7",
        "Корпоративний сайт", "Діловий каталог", "Сайт і портал", "Перехід на нову систему", "Каталог готелів", "Посадкова сторінка",
        "Програма лояльності", "Шаблони листів", "Контактний центр", "Відстеження доставки", "База клієнтів", "Фірмовий стиль",
        "Навчання",
    ),
    "ro": (
        "Audit", "Asistență tehnică", "Magazin online", "Portal pentru parteneri", "Magazin de haine", "2 site-uri corporative",
        "Magazin online și depozit", "Site-ul băncii", "Magazin de haine, etapa a doua", "Proiect mare", "Asistență 24/7",
        "Site corporativ", "Catalog de afaceri", "Site și portal", "Trecerea la un sistem nou", "Catalog de hoteluri",
        "Pagină de destinație", "Program de fidelitate", "Șabloane de scrisori", "Centru de apel", "Urmărirea livrării",
        "Bază de clienți", "Identitate vizuală", "Instruire",
    ),
}  # fmt: skip
LETTERS = {
    "en": ("Our offer for you", "The documents you asked for", "New prices from December", "Invitation to the exhibition"),
    "ru": ("Наше предложение для вас", "Документы, о которых вы просили", "Новые цены с декабря", "Приглашение на выставку"),
    "uk": ("Наша пропозиція для вас", "Документи, про які ви просили", "Нові ціни з грудня", "Запрошення на виставку"),
    "ro": (
        "Oferta noastră pentru dumneavoastră",
        "Documentele solicitate",
        "Prețuri noi din decembrie",
        "Invitație la expoziție",
    ),
}
ANSWERS = {
    "en": (
        "Thank you, please send the contract.",
        "Let us talk after the holidays.",
        "Who will lead the project on your side?",
    ),
    "ru": ("Спасибо, присылайте договор.", "Давайте вернёмся к этому после праздников.", "Кто поведёт проект с вашей стороны?"),
    "uk": ("Дякую, надсилайте договір.", "Повернімося до цього після свят.", "Хто вестиме проєкт з вашого боку?"),
    "ro": (
        "Mulțumesc, trimiteți contractul.",
        "Să revenim după sărbători.",
        "Cine va conduce proiectul din partea dumneavoastră?",
    ),
}
CALLS = {
    "en": ("Agreed on a meeting next week.", "Asked for a discount of 5 %.", "Will decide together with the director."),
    "ru": ("Договорились о встрече на следующей неделе.", "Просит скидку 5 %.", "Решать будет вместе с директором."),
    "uk": ("Домовилися про зустріч наступного тижня.", "Просить знижку 5 %.", "Вирішуватиме разом із директором."),
    "ro": ("Am stabilit o întâlnire săptămâna viitoare.", "Cere o reducere de 5 %.", "Va decide împreună cu directorul."),
}
NOTES = {
    "en": ("Prefers calls before noon.", "Works with us since the exhibition.", "Pays on time."),
    "ru": ("Удобнее звонить до обеда.", "Работает с нами после выставки.", "Платит вовремя."),
    "uk": ("Зручніше телефонувати до обіду.", "Працює з нами після виставки.", "Платить вчасно."),
    "ro": ("Preferă apelurile înainte de prânz.", "Lucrează cu noi de la expoziție.", "Plătește la timp."),
}
TASKS = {
    "en": (
        "Call and agree on a date",
        "Send the contract",
        "Prepare the estimate",
        "Ask what they decided",
        "Send the invoice",
    ),
    "ru": ("Позвонить и договориться о дате", "Отправить договор", "Подготовить смету", "Узнать, что решили", "Выставить счёт"),
    "uk": (
        "Зателефонувати й домовитися про дату",
        "Надіслати договір",
        "Підготувати кошторис",
        "Дізнатися, що вирішили",
        "Виставити рахунок",
    ),
    "ro": (
        "De sunat și stabilit data",
        "De trimis contractul",
        "De pregătit devizul",
        "De aflat ce au decis",
        "De emis factura",
    ),
}
GOODS = {
    "en": ("Hosting, one year", "Support package", "Licence, five places", "Training day"),
    "ru": ("Хостинг на год", "Пакет поддержки", "Лицензия на пять мест", "День обучения"),
    "uk": ("Хостинг на рік", "Пакет підтримки", "Ліцензія на п’ять місць", "День навчання"),
    "ro": ("Găzduire, un an", "Pachet de asistență", "Licență, cinci locuri", "Zi de instruire"),
}
GOODS_CATEGORY = {"en": "Services", "ru": "Услуги", "uk": "Послуги", "ro": "Servicii"}
GOOD_CODES = ("HOST-1", "CARE-1", "SEAT-5", "DAY-1")
PRICES = (14_900, 22_500, 31_000, 48_000)
# Name by name the rules of `loading.SEGMENTS`.
SEGMENTS = {
    "en": ("Bought within a year", "Open deal, not spoken to for two weeks", "Answered but has not bought", "All people"),
    "ru": ("Покупали в течение года", "Сделка открыта, две недели не общались", "Отвечали, но не покупали", "Все люди"),
    "uk": ("Купували протягом року", "Угода відкрита, два тижні не спілкувалися", "Відповідали, але не купували", "Усі люди"),
    "ro": (
        "Au cumpărat în ultimul an",
        "Tranzacție deschisă, fără contact de două săptămâni",
        "Au răspuns, dar nu au cumpărat",
        "Toți oamenii",
    ),
}
CAMPAIGN_PAST = {
    "en": "Back after the summer",
    "ru": "Снова вместе после лета",
    "uk": "Знову разом після літа",
    "ro": "Din nou împreună după vară",
}
CAMPAIGN_PAST_GOAL = {
    "en": "Remind of us those who were silent over the summer, and open the autumn with orders.",
    "ru": "Напомнить о себе тем, кто молчал всё лето, и начать осень с заказов.",
    "uk": "Нагадати про себе тим, хто мовчав усе літо, і почати осінь із замовлень.",
    "ro": "Să le amintim de noi celor tăcuți peste vară și să începem toamna cu comenzi.",
}
# Name, goal, subject and text, the oldest campaign first.
CAMPAIGNS_EARLIER = {
    "en": (
        (
            "Winter prices",
            "Fill the quiet weeks after the holidays with orders.",
            "Last year's prices until the end of the month",
            "{{first_name|Good day}},\n\nuntil the end of the month last year's prices hold.\n\n[See the prices](https://example.org/prices)",
        ),
        (
            "Spring check of support",
            "Offer a free check to everybody who uses our programs.",
            "{{first_name|Good day}}, a free check of your programs",
            "{{first_name|Good day}},\n\nwe look for an hour at how your people work and say what can be quicker.\n\n[Choose a day](https://example.org/check)",
        ),
        (
            "Summer training days",
            "Sell training while customers have time for it.",
            "Training days this summer",
            "{{first_name|Good day}},\n\nthis summer we train your people in small groups.\n\n[See the days](https://example.org/training)",
        ),
    ),
    "ru": (
        (
            "Зимние цены",
            "Заполнить заказами тихие недели после праздников.",
            "Прошлогодние цены до конца месяца",
            "{{first_name|Здравствуйте}}!\n\nДо конца месяца действуют прошлогодние цены.\n\n[Посмотреть цены](https://example.org/prices)",
        ),
        (
            "Весенняя проверка",
            "Предложить бесплатную проверку всем, кто работает с нашими программами.",
            "{{first_name|Здравствуйте}}, бесплатная проверка ваших программ",
            "{{first_name|Здравствуйте}}!\n\nЗа час мы посмотрим, как работают ваши люди, и скажем, что можно ускорить.\n\n[Выбрать день](https://example.org/check)",
        ),
        (
            "Летние дни обучения",
            "Продать обучение, пока у клиентов есть на него время.",
            "Дни обучения этим летом",
            "{{first_name|Здравствуйте}}!\n\nЭтим летом мы обучаем ваших людей в небольших группах.\n\n[Посмотреть даты](https://example.org/training)",
        ),
    ),
    "uk": (
        (
            "Зимові ціни",
            "Заповнити замовленнями тихі тижні після свят.",
            "Торішні ціни до кінця місяця",
            "{{first_name|Вітаємо}}!\n\nДо кінця місяця діють торішні ціни.\n\n[Переглянути ціни](https://example.org/prices)",
        ),
        (
            "Весняна перевірка",
            "Запропонувати безкоштовну перевірку всім, хто працює з нашими програмами.",
            "{{first_name|Вітаємо}}, безкоштовна перевірка ваших програм",
            "{{first_name|Вітаємо}}!\n\nЗа годину ми подивимося, як працюють ваші люди, і скажемо, що можна пришвидшити.\n\n[Вибрати день](https://example.org/check)",
        ),
        (
            "Літні дні навчання",
            "Продати навчання, поки в клієнтів є на нього час.",
            "Дні навчання цього літа",
            "{{first_name|Вітаємо}}!\n\nЦього літа ми навчаємо ваших людей у невеликих групах.\n\n[Переглянути дати](https://example.org/training)",
        ),
    ),
    "ro": (
        (
            "Prețuri de iarnă",
            "Să umplem cu comenzi săptămânile liniștite de după sărbători.",
            "Prețurile de anul trecut, până la sfârșitul lunii",
            "{{first_name|Bună ziua}},\n\npână la sfârșitul lunii rămân prețurile de anul trecut.\n\n[Vedeți prețurile](https://example.org/prices)",
        ),
        (
            "Verificarea de primăvară",
            "Să oferim o verificare gratuită tuturor celor care lucrează cu programele noastre.",
            "{{first_name|Bună ziua}}, o verificare gratuită a programelor dumneavoastră",
            "{{first_name|Bună ziua}},\n\nprivim timp de o oră cum lucrează oamenii dumneavoastră și spunem ce poate merge mai repede.\n\n[Alegeți o zi](https://example.org/check)",
        ),
        (
            "Zile de instruire, vara",
            "Să vindem instruire cât clienții au timp pentru ea.",
            "Zile de instruire în această vară",
            "{{first_name|Bună ziua}},\n\nîn această vară instruim oamenii dumneavoastră în grupuri mici.\n\n[Vedeți zilele](https://example.org/training)",
        ),
    ),
}
CAMPAIGN_DRAFT = {
    "en": "Plans for the new year",
    "ru": "Планы на новый год",
    "uk": "Плани на новий рік",
    "ro": "Planuri pentru anul nou",
}
CAMPAIGN_DRAFT_GOAL = {
    "en": "Renew support with this year's buyers before the holidays.",
    "ru": "Продлить поддержку покупателям этого года до праздников.",
    "uk": "Продовжити підтримку покупцям цього року до свят.",
    "ro": "Să prelungim asistența cumpărătorilor de anul acesta înainte de sărbători.",
}
LETTER_PAST = {
    "en": (
        "{{first_name|Good day}}, what autumn brings",
        (
            "{{first_name|Good day}},\n\nthe summer is over and we have three things that save your people time.{% if company %} For"
            " {{company}} we would begin with the support package.{% endif %}\n\n[See all three](https://example.org/autumn)\n\n{{sender}}"
        ),
    ),
    "ru": (
        "{{first_name|Здравствуйте}}, что приносит осень",
        (
            "{{first_name|Здравствуйте}}!\n\nЛето позади, и у нас есть три вещи, которые сберегут время ваших людей.{% if company %}"
            " Для {{company}} мы начали бы с пакета поддержки.{% endif %}\n\n[Посмотреть все три](https://example.org/autumn)\n\n{{sender}}"
        ),
    ),
    "uk": (
        "{{first_name|Вітаємо}}, що приносить осінь",
        (
            "{{first_name|Вітаємо}}!\n\nЛіто позаду, і в нас є три речі, які збережуть час ваших людей.{% if company %} Для {{company}}"
            " ми почали б із пакета підтримки.{% endif %}\n\n[Переглянути всі три](https://example.org/autumn)\n\n{{sender}}"
        ),
    ),
    "ro": (
        "{{first_name|Bună ziua}}, ce aduce toamna",
        (
            "{{first_name|Bună ziua}},\n\nvara a trecut și avem trei lucruri care economisesc timpul oamenilor dumneavoastră.{% if company %}"
            " Pentru {{company}} am începe cu pachetul de asistență.{% endif %}\n\n[Vedeți-le pe toate](https://example.org/autumn)\n\n{{sender}}"
        ),
    ),
}
LETTER_DRAFT = {
    "en": (
        "Your support for the coming year",
        (
            "{{first_name|Good day}},\n\nyou bought from us this year. Renew support before the holidays and keep this year's price.\n\n"
            "[Renew](https://example.org/renew)"
        ),
    ),
    "ru": (
        "Ваша поддержка на будущий год",
        (
            "{{first_name|Здравствуйте}}!\n\nВ этом году вы покупали у нас. Продлите поддержку до праздников — цена останется прежней.\n\n"
            "[Продлить](https://example.org/renew)"
        ),
    ),
    "uk": (
        "Ваша підтримка на наступний рік",
        (
            "{{first_name|Вітаємо}}!\n\nЦього року ви купували в нас. Продовжте підтримку до свят — ціна залишиться тією самою.\n\n"
            "[Продовжити](https://example.org/renew)"
        ),
    ),
    "ro": (
        "Asistența dumneavoastră pentru anul viitor",
        (
            "{{first_name|Bună ziua}},\n\nanul acesta ați cumpărat de la noi. Prelungiți asistența înainte de sărbători și păstrați prețul.\n\n"
            "[Prelungiți](https://example.org/renew)"
        ),
    ),
}
SUBJECT_DRAFT = {
    "en": "This year's price until the holidays",
    "ru": "Цена этого года — до праздников",
    "uk": "Ціна цього року — до свят",
    "ro": "Prețul de anul acesta, până la sărbători",
}
COSTS = {
    "en": ("Text and pictures", "Sending"),
    "ru": ("Тексты и картинки", "Отправка"),
    "uk": ("Тексти й картинки", "Надсилання"),
    "ro": ("Texte și imagini", "Trimitere"),
}
CAMPAIGN_DEALS = {
    "en": ("Support for three offices", "Moving to the new hosting"),
    "ru": ("Поддержка трёх офисов", "Переезд на новый хостинг"),
    "uk": ("Підтримка трьох офісів", "Переїзд на новий хостинг"),
    "ro": ("Asistență pentru trei birouri", "Mutarea pe noua găzduire"),
}
COUPON_NAME = {
    "en": "Autumn −10 %",
    "ru": "Осень −10 %",
    "uk": "Осінь −10 %",
    "ro": "Toamnă −10 %",
}
COUPON_OFFER = {
    "en": "Ten percent off the first order",
    "ru": "Десять процентов на первый заказ",
    "uk": "Десять відсотків на перше замовлення",
    "ro": "Zece la sută la prima comandă",
}
COUPON_LINE = {
    "en": "Your code for ten percent: **{{coupon}}**",
    "ru": "Ваш код на десять процентов: **{{coupon}}**",
    "uk": "Ваш код на десять відсотків: **{{coupon}}**",
    "ro": "Codul dumneavoastră pentru zece la sută: **{{coupon}}**",
}
COUPON_NEXT = {
    "en": ("New year: support", "This year's price, once"),
    "ru": ("Новый год: поддержка", "Цена этого года, один раз"),
    "uk": ("Новий рік: підтримка", "Ціна цього року, один раз"),
    "ro": ("Anul nou: asistență", "Prețul de anul acesta, o dată"),
}
