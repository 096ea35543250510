"""`:name:` → the character, for the emoji that people and bots use at work; an unknown name stays as written."""

import re

_NAME = re.compile(r":([a-z0-9_+-]{1,40}):")

_TABLE = """
alarm_clock ⏰|anchor ⚓|arrow_down ⬇️|arrow_forward ▶️|arrow_left ⬅️|arrow_right ➡️
arrow_up ⬆️|arrows_counterclockwise 🔄|ballot_box_with_check ☑️|bar_chart 📊|battery 🔋
bell 🔔|black_circle ⚫|blue_circle 🔵|blue_heart 💙|bomb 💣|book 📖|bookmark 🔖|books 📚
boom 💥|bow 🙇|brain 🧠|broom 🧹|bug 🐛|building_construction 🏗️|bulb 💡|calendar 📆
card_file_box 🗃️|card_index 📇|chains ⛓️|chart_with_downwards_trend 📉
chart_with_upwards_trend 📈|clipboard 📋|clap 👏|clock1 🕐|clock3 🕒
closed_lock_with_key 🔐|cloud ☁️|coffee ☕|computer 💻|construction 🚧|credit_card 💳
cyclone 🌀|dart 🎯|date 📅|dizzy 💫|droplet 💧|earth_africa 🌍|earth_americas 🌎
electric_plug 🔌|email 📧|envelope ✉️|exclamation ❗|eye 👁️|eyes 👀|file_cabinet 🗄️
file_folder 📁|fire 🔥|fire_engine 🚒|flag-eu 🇪🇺|floppy_disk 💾|gear ⚙️|ghost 👻
globe_with_meridians 🌐|green_circle 🟢|green_heart 💚|hammer 🔨|hammer_and_wrench 🛠️
hand ✋|handshake 🤝|heart ❤️|heavy_check_mark ✔️|heavy_minus_sign ➖
heavy_multiplication_x ✖️|heavy_plus_sign ➕|hourglass ⌛|hourglass_flowing_sand ⏳
house 🏠|ice_cube 🧊|inbox_tray 📥|information_source ℹ️|key 🔑|label 🏷️
large_blue_circle 🔵|large_green_circle 🟢|large_orange_circle 🟠|large_red_circle 🔴
large_yellow_circle 🟡|left_right_arrow ↔️|link 🔗|lock 🔒|lock_with_ink_pen 🔏
loud_sound 🔊|mag 🔍|mag_right 🔎|mailbox 📫|mantelpiece_clock 🕰️|mega 📣|memo 📝|minus ➖
moneybag 💰|muscle 💪|mute 🔇|new 🆕|no_bell 🔕|no_entry ⛔|no_entry_sign 🚫|no_good 🙅
octagonal_sign 🛑|ok 🆗|ok_hand 👌|old_key 🗝️|orange_circle 🟠|outbox_tray 📤|package 📦
page_facing_up 📄|paperclip 📎|partying_face 🥳|passport_control 🛂|pause_button ⏸️
pencil 📝|pencil2 ✏️|point_down 👇|point_left 👈|point_right 👉|point_up ☝️|pray 🙏
purple_circle 🟣|pushpin 📌|question ❓|raised_hand ✋|raised_hands 🙌|receipt 🧾
recycle ♻️|red_circle 🔴|repeat 🔁|rewind ⏪|robot_face 🤖|rocket 🚀|rotating_light 🚨
round_pushpin 📍|satellite 🛰️|scales ⚖️|scissors ✂️|scroll 📜|seedling 🌱|shield 🛡️
ship 🚢|shrug 🤷|skull 💀|skull_and_crossbones ☠️|slightly_frowning_face 🙁
slightly_smiling_face 🙂|small_blue_diamond 🔹|small_orange_diamond 🔸|smile 😄|snail 🐌
snowflake ❄️|sos 🆘|sparkles ✨|speech_balloon 💬|spiral_calendar_pad 🗓️|star ⭐
stop_button ⏹️|stopwatch ⏱️|sun_with_face 🌞|sunny ☀️|tada 🎉|test_tube 🧪
thermometer 🌡️|thinking_face 🤔|thought_balloon 💭|thumbsdown 👎|thumbsup 👍|ticket 🎫
timer_clock ⏲️|toolbox 🧰|trophy 🏆|turtle 🐢|umbrella ☔|unlock 🔓
vertical_traffic_light 🚦|warning ⚠️|wastebasket 🗑️|wave 👋|white_check_mark ✅
white_circle ⚪|white_large_square ⬜|wrench 🔧|writing_hand ✍️|x ❌|yellow_circle 🟡
zap ⚡|zzz 💤|+1 👍|-1 👎|100 💯
"""

EMOJI = dict(pair.rsplit(" ", 1) for line in _TABLE.strip().splitlines() for pair in line.split("|") if " " in pair)


def with_emoji(text: str) -> str:
    """Replace each known `:name:`; the result is still plain text, to be escaped by whoever draws it."""
    if ":" not in text:
        return text
    return _NAME.sub(lambda match: EMOJI.get(match[1], match[0]), text)
