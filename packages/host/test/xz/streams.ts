/** Streams that `xz` has made of `text` and `noise`, in base64. */
export const streams = {
  usual: [
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AxtAwddABACiUghxw3MRrIBVbHoZ9wkR2vE+O0S7MB7AuYMosy3+29MC/NCOWVJmzsv",
    "/N2eQ120dgN7m1qZhUCcHMoceTiSycor1m37tDo2VFbLKo5f1VMA5+fJACWbPyrryw3BO5BpTSJlzS2DblIx5qfepeGb+zgT7qFc",
    "/0fiyKdf1Hm5Nr2+HAT+US63u1faqv0qKWa0Se7MLZTXs1goze7i4VZ9TnkQcCUZqpVYUhAYsf/MwSgBtiNr+Adwn1XqCWoQGsIG",
    "oYJ+J7ou9Fs6DpkazsDx/Awq821awjFq2zNHBnFzaFQpjcTJzZqtuNa/94wDXEvgO8I4DmE5JgRgyZBFQEYuEX92E7wWxlK0lZ5i",
    "S7M7iFsbRMJ7SokLkjGUrc293YU9pFP6WqWpMjRnBHQGzAnJXBuBxCUvtUKjy5YDRDElhbRnlJoyzVhyAXnXh1ea/U+tRJcgNTKN",
    "oE2c7h4+H7MZ+izSC9oXBhbQlQGTNJRCWGAp4JTUjzUf7aCZgOOGaQGZATu9IGBtYn7kX21j4K0OHaubiV3OmpTTteVYsntRUxdv",
    "ILvm+qOhEDoiogBFGpK3gvRfn9StgL2Emvdu2oDoJm+BaQGhVZNESwqpXQRrjzFSHPa2zBdziExCh0k9dAxl12DdT9TgcXBr5osS",
    "PzOmMGH4NCWEireyEAZzTpM/rFvztw2n5OGprv1UH+LKKWD/JpHlCLXmDWIrzApuyWBwt40EEV/FauBYKkmAOhz1PV1BeL/9HaG4",
    "3bQuWN1su+wu5bPR5XbyCL0H04nWfCcR6l72d0iTk1r5NCt29N9w27RF91rh+SRyu0jeQ6cpzGqje+KcVoTVxRPd7zaFyqNxuc7m",
    "YAjuqrzeaQ+6Gs+7F30Rzc67UY+btoKl6L51Cg+TPhM+XdDRzVe0hLEBHrNMFVOPuhka2XOy1eC+8tJ/8C/pdYokVrkWBbO+ifnT",
    "Qw3wL8YDH+WAsqYCA5Ig3LK7I6XWOKgvfmro3nJlmFQN10QU9p35HnADlQP7uRu78nU11FrIoAAAAE6QiVP7l9bhAAGjBu4YAAD+",
    "hgj3scRn+wIAAAAABFla",
  ].join(""),
  withOtherProperties: [
    "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AxtA4tJABACiS3Kt0e5OlRATVxp+Ayf9XjqsGqBH4nFx1mm9aEkoLkApbh2ebJzt9tm",
    "C2ZIFDPe0vehZqa1Bk36bXj53Op9xa1oY9z02ycpW1dClWrurTse2DJlwvp5AYkru8MQYxM0g1oZz6asXtc19TTPZGlarpXeMFRn",
    "rdbPJ4yS5aYQwyVziSDgu4wQSOor+UfhXWIYNn1YFV/tYyhnv5nJSnDNfUOi1f4csDj6zBLMLAClMUizZMfy21/8aEbH0EKC+1kF",
    "waL3vP4Y41mrktH8gCiauDRDwjFIsvHVjz5F+yrbCNM1JF0ukoKwUBCFiZ8BcEeoQgqGOLrJZL2cEe41fLvOnmMYWNjoqvx5WbgA",
    "UfjFV7nqVDgt5BG7GY11aCbhVarXExzRdiJcqUnGnnyjeVK5Q2hGLwfJLvUVguWm+fB55DdpZiswxpodUqlv4gdE8CPN17AveL2W",
    "gJSyQ/E6XY2Y1tN1CbOJn67hkrgl1NSjR94IBgDwJdwx2+IiydnFyaAo3sEgCZ6qGbEbmmXtTeSeELCUTYjW+I+UABIkoTze6n7z",
    "WTuER3vyRWUOVVi45a93Nr3sEignLEen69fDz3Dnm8K89LB00yvVQQw0LacF+uZcB4S6t3C9RR9W/L0oDJf2BbU0+nOhwtsvUGGu",
    "v2FW01kNPcoLEZfJc3SCt9TgCxzxtKJNPTb77guDerpkfhlGwW4pImQWt618cD5dOP78aLX0c3TX5JWYmXehka1GOqcm2jAygES0",
    "FuQHXK8BmNrx2UMPPxzMV6Ii9mw6UYm9pJb74IHiHXQPAqkEUwJuWV7AfIE2bUGFrAqzeTRXGgtocvy9EYz9E9YrUn/E+mA45kc8",
    "cLpECP9bAgPdBA3Lc1PFR9u/2hKnDifwwo6ibXMs8vvN87W3vnSJIcdv8LdoDb8ByQJ1ooXeV81a9qguBib7QHpLlgsCoybjzokp",
    "F94JT6AwbuMqlg/rljG6lz6h8R4thVKCl2pBEuOuysb9DxFssnCFmZn7W7y+VoY3eSP0e/a/OXHYWSXMYSMcoOAEvHNpvZuOuAGj",
    "zjaTD3gmnls88CxAb3qk8nGVopUhJToEdKC5T/9VZYxIJqv8abvgf0phRYdIxw150CRaeH3d0zOg7NSZszOwWget0w9Mi9oY5VrP",
    "zO9MjrgushzyHaRd6MbDIY/Uw6i6vEBeqlxnvp7fGBGtZQ1ewAAAABXggCIAAaMH7hgAAE6vaMo+MA2LAgAAAAABWVo=",
  ].join(""),
  ofSeveralBlocks: [
    "/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4AXbAZddABACiUghxw3MRrIBVbHoZ9wkR2vE+O0S7MB7AuYMosy3+29MC/NCOWVJmzsv",
    "/N2eQ120dgN7m1qZhUCcHMoceTiSycor1m37tDo2VFbLKo5f1VMA5+fJACWbPyrryw3BO5BpTSJlzS2DblIx5qfepeGb+zgT7qFc",
    "/0fiyKdf1Hm5Nr2+HAT+US63u1faqv0qKWa0Se7MLZTXs1goze7i4VZ9TnkQcCUZqpVYUhAYsf/MwSgBtiNr+Adwn1XqCWoQGsIG",
    "oYJ+J7ou9Fs6DpkazsDx/Awq821awjFq2zNHBnFzaFQpjcTJzZqtuNa/94wDXEvgO8I4DmE5JgRgyZBFQEYuEX92E7wWxlK0lZ5i",
    "S7M7iFsbRMJ7SokLkjGUrc293YU9pFP6WqWpMjRnBHQGzAnJXBuBxCUvtUKjy5YDRDElhbRnlJoyzVhyAXnXh1ea/U+tRJcgNTKN",
    "oE2c7h4+H7MZ+izSC9oXBhbQlQGTNJRCWGAp4JTUjzUf7aCZgOOGaQGZATu9IGBtYn7kX21j4K0OHauWPi4+AABKSY23WzvJj+PC",
    "hTc/PvdE++k2iT9hV8mGXfZ2UA68KQIAIQEWAAAAdC/lo+AF2wGZXQAQDcKsKW5Tq+5bUjwl3wEgkxvyU/SsUiCXtXrPWdoAL0H1",
    "v9/Y4i9qcJw9Adpvo+cFRmRU7+ip3//go+VmAfU0os3eSh3FLeTcqfhthzM8fRLeE+87lR6hV5ZhfZFyD426x3eqnarBSwdI8LIp",
    "dsZ5/I6dkRJsoq9NiO7WsKxKXTtigF5cQrWCZajkDRXx6YQSgvFFi/1sJk4DMsAiDldDxvA6akuEuZxwViJYMF9+I4iMiI6GeTLp",
    "3sVOBh5YOUyAv3BWTJmmK9bRgd+ZVFbQFLAKaVrZcG8ihG7lo2kbjCk1JslIsfXK+Am8JaKxnq82LtSJmEYNn1U3tFzICZfzoz6H",
    "IkQyr9Rb4R8Gj92ly3F8lAhOMjbZZkqcJwKjskfXUi6bjyYF1qr8ss3lmWsJkOFavzJM3zeKSkAkHiBhTAJW1RfBulpJzvdXs3Lq",
    "GOujH6aRHfhttZmlcGtIpck5xDmMBBY+KeD9O8Uka9gN/OSrYMZi6Ao15Aup3yEBXZGd52pKkdOMy2mofhk7P/SiH9Sv1LqJVi4A",
    "AAAAALE3l1ehvxPSIZNF5q8kutXzFqmUckcX0L3XcL9rujATAgAhARYAAAB0L+Wj4AC1AEtdADebh/8pf3tW7xG7EnoUsxSoXrab",
    "NxKk8Xvz4VA1kde3av5KcA9IdhpiVcfK/P84avj60zzYswrZxDEYal04N++Y/1s2MrLMtAjfoAAAk3bbuVRyhaJjOwu8CuQBb00k",
    "5OUGCnYraT+lZc0eqFEAA8sD3AvNA9wLf7YBAAAAjTpfjasKhsoEAAAAAApZWg==",
  ].join(""),
  plain: [
    "/Td6WFoAAAD/EtlBAgAhARYAAAB0L+WjAQDHxn6Ba0v74vtU9r3ffBzhhwG/Md5Wcg9HZ2aHWaqIPFnqVhN70oWh2DxUVS83rmVb",
    "2gJ5mMzjGnaOX9mZjx8/Nu5DeE0N+r6m2uSGjtwpbU7/VuFwIPuPsVgFkMUJ3FPNqjtImVLTUp0Gn+q1wgYTmEmyAR6sMogxnFJG",
    "lXE2j1f2OR0W+oh09Zh8F1xBu21xjg9wWccBGy8zPZHAHaUNDaszjX5ejz7maHSmOrHDkxGoZMfbyuBg4fO/CQBnouMloCExh9Vi",
    "xagAAAHYAcgBAADxz2OyqAAK/AIAAAAAAFla",
  ].join(""),
};

/** Lines that repeat themselves in several ways, and numbers that do not. */
export const text = ((): Uint8Array => {
  const numbers = countedNumbers();
  const lines = Array.from({ length: 150 }, (_, at) => {
    const number = numbers();
    if (at % 7 !== 0) return `function_${number} ${at}\n`;
    return `${"ab".repeat(at % 40)}${String.fromCharCode(32 + (at % 90))}\n`;
  });
  return new TextEncoder().encode(lines.join(""));
})();

export const noise = ((): Uint8Array => {
  const numbers = countedNumbers();
  return Uint8Array.from({ length: 200 }, () => numbers() & 0xff);
})();

/** The same in each run. */
function countedNumbers(): () => number {
  let state = 1;
  return () => {
    state = Number((BigInt(state) * 1103515245n + 12345n) & 0x7fff_ffffn);
    return state >>> 16;
  };
}
